//! A TCP connection that its pump reads, and that the worker it belongs to may write to at once.
//!
//! Its system calls do not go through the C library, whose `recv` and `send` are points where a thread may be
//! cancelled and pay for it at each call.
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A connection with several owners on one thread.
#[derive(Clone, Debug)]
pub struct SharedTcpStream(Rc<TcpStream>);

impl SharedTcpStream {
    /// Takes a connection over.
    pub fn new(stream: TcpStream) -> SharedTcpStream {
        SharedTcpStream(Rc::new(stream))
    }

    /// The connection itself.
    pub fn tcp(&self) -> &TcpStream {
        &self.0
    }

    /// Writes as much as the socket takes now.
    ///
    /// # Errors
    /// `WouldBlock` where it takes nothing; what the kernel says otherwise.
    #[inline]
    pub fn write_now(&self, octets: &[u8]) -> io::Result<usize> {
        self.attempt(Interest::WRITABLE, octets.len(), |line| {
            send(line, octets, SendFlags::NOSIGNAL)
        })
    }

    /// One system call that moves up to `wanted` octets. Where it moves fewer, the socket is empty, or full:
    /// tokio is told that it would block, and waits for the next edge without trying again.
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
            let room = into.initialize_unfilled();
            let came = self.attempt(Interest::READABLE, room.len(), |line| {
                recv(line, &mut *room, RecvFlags::empty()).map(|(came, _)| came)
            });
            match came {
                Ok(came) => {
                    into.advance(came);
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
    fn what_does_not_go_at_once_goes_later_and_all_of_it_arrives_in_order() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let mut far = SharedTcpStream::new(listener.accept().await.unwrap().0);
            let mut near = SharedTcpStream::new(near);
            let sent: Vec<u8> = (0..8_000_000u32).map(|n| (n % 251) as u8).collect();
            let mut gone = 0;
            let blocked = loop {
                match near.write_now(&sent[gone..]) {
                    Ok(octets) => gone += octets,
                    Err(e) => break e,
                }
            };
            assert_eq!(blocked.kind(), io::ErrorKind::WouldBlock);
            assert!(gone > 0 && gone < sent.len(), "{gone}");
            let rest = async {
                near.write_all(&sent[gone..]).await.unwrap();
                near.shutdown().await.unwrap();
            };
            let mut came = Vec::new();
            let (_, read) = tokio::join!(rest, far.read_to_end(&mut came));
            assert_eq!(read.unwrap(), sent.len());
            assert!(came == sent);
            assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
        });
    }
}
