//! A TCP stream that its pump reads, and that its worker may write to directly.
//!
//! Its system calls bypass the C library, whose `recv` and `send` are cancellation points of the thread and cost more.
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A TCP stream with several owners on one thread.
#[derive(Clone, Debug)]
pub struct SharedTcpStream(Rc<TcpStream>);

impl SharedTcpStream {
    /// Wraps a stream.
    pub fn new(stream: TcpStream) -> SharedTcpStream {
        SharedTcpStream(Rc::new(stream))
    }

    /// The stream.
    pub fn tcp(&self) -> &TcpStream {
        &self.0
    }

    /// Writes as much as the socket accepts now.
    ///
    /// # Errors
    /// `WouldBlock`: the socket accepts nothing; else the error of send(2).
    #[inline]
    pub fn write_now(&self, octets: &[u8]) -> io::Result<usize> {
        self.attempt(Interest::WRITABLE, octets.len(), |stream| {
            send(stream, octets, SendFlags::NOSIGNAL)
        })
    }

    /// Makes one system call that moves up to `wanted` octets. Where it moves fewer, the socket is empty or full: tokio is
    /// told that it would block, and waits for the next edge without another attempt.
    #[inline]
    fn attempt(
        &self,
        interest: Interest,
        wanted: usize,
        mut call: impl FnMut(&TcpStream) -> Result<usize, Errno>,
    ) -> io::Result<usize> {
        let mut moved = 0;
        let tried = self.0.try_io(interest, || {
            moved = retry_on_intr(|| call(&self.0))?;
            if moved > 0 && moved < wanted { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match tried {
            Err(_) if moved > 0 => Ok(moved),
            Err(e) => Err(e),
            Ok(()) => Ok(moved),
        }
    }
}

impl AsyncRead for SharedTcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            let free = into.initialize_unfilled();
            let received = self.attempt(Interest::READABLE, free.len(), |stream| {
                recv(stream, &mut *free, RecvFlags::empty()).map(|(received, _)| received)
            });
            match received {
                Ok(received) => {
                    into.advance(received);
                    return Poll::Ready(Ok(()));
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Poll::Ready(Err(e)),
            }
        }
    }
}

impl AsyncWrite for SharedTcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match self.write_now(octets) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = socket2::SockRef::from(&*self.0);
        Poll::Ready(socket.shutdown(std::net::Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[test]
    fn octets_that_are_not_accepted_at_once_are_written_later_and_in_order() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let mut server = SharedTcpStream::new(listener.accept().await.unwrap().0);
            let mut client = SharedTcpStream::new(client);
            let sent: Vec<u8> = (0..8_000_000u32).map(|n| (n % 251) as u8).collect();
            let mut written = 0;
            let blocked = loop {
                match client.write_now(&sent[written..]) {
                    Ok(octets) => written += octets,
                    Err(e) => break e,
                }
            };
            assert_eq!(blocked.kind(), io::ErrorKind::WouldBlock);
            assert!(written > 0 && written < sent.len(), "{written}");
            let rest = async {
                client.write_all(&sent[written..]).await.unwrap();
                client.shutdown().await.unwrap();
            };
            let mut received = Vec::new();
            let (_, read) = tokio::join!(rest, server.read_to_end(&mut received));
            assert_eq!(read.unwrap(), sent.len());
            assert!(received == sent);
            assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        });
    }
}
