//! An event stream of frames to one browser: the latest frame at once, then each one that it is quick enough for.
use super::page::PageState;
use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// The body of an answer.
#[derive(Debug)]
pub(super) enum AnswerBody {
    /// All of it.
    Whole(Full<Bytes>),
    /// Event by event.
    Events(mpsc::Receiver<Bytes>),
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            AnswerBody::Whole(body) => Pin::new(body).poll_frame(context),
            AnswerBody::Events(events) => {
                events.poll_recv(context).map(|event| event.map(|octets| Ok(Frame::data(octets))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            AnswerBody::Whole(body) => body.is_end_stream(),
            AnswerBody::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            AnswerBody::Whole(body) => body.size_hint(),
            AnswerBody::Events(_) => SizeHint::default(),
        }
    }
}

/// The body of an event stream. A reader that does not take an event within `patience` is given up, and `gave_up` told.
pub(super) fn stream(
    state: &Arc<PageState>,
    patience: Duration,
    gave_up: Arc<Notify>,
) -> AnswerBody {
    let (events, body) = mpsc::channel(1);
    let mut frames = state.subscribe();
    tokio::spawn(async move {
        loop {
            let changed = tokio::select! {
                () = events.closed() => return,
                changed = frames.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
            let Some(frame) = frames.borrow_and_update().clone() else { continue };
            match tokio::time::timeout(patience, events.send(frame.octets())).await {
                Ok(Ok(())) if !frame.is_last => {}
                Ok(Ok(()) | Err(_)) => return,
                Err(_) => {
                    gave_up.notify_one();
                    return;
                }
            }
        }
    });
    AnswerBody::Events(body)
}
