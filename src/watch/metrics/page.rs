//! What the run and the server share of the run in a browser: the page, and the latest frame, which all readers share. A
//! frame is drawn on the server's thread, once, and only where somebody reads.
use hyper::body::Bytes;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::watch;

pub(super) type Draw = Box<dyn FnOnce() -> String + Send>;

/// One frame as readers get it: an event of an event stream.
pub(super) struct PageFrame {
    event: &'static str,
    draw: Mutex<Option<Draw>>,
    octets: OnceLock<Bytes>,
    /// Whether no frame follows it.
    pub(super) is_last: bool,
}

impl PageFrame {
    pub(super) fn new(event: &'static str, is_last: bool, draw: Draw) -> PageFrame {
        PageFrame { event, draw: Mutex::new(Some(draw)), octets: OnceLock::new(), is_last }
    }

    /// Its octets; drawn by the first that asks.
    pub(super) fn octets(&self) -> Bytes {
        let drawn = self.octets.get_or_init(|| {
            let draw = self.draw.lock().unwrap_or_else(PoisonError::into_inner).take();
            let data = draw.map_or(String::new(), |draw| draw());
            // a line break would end the field: each line is a field of its own
            let lines: String = data.lines().map(|line| format!("data: {line}\n")).collect();
            format!("event: {}\n{lines}\n", self.event).into()
        });
        drawn.clone()
    }
}

impl fmt::Debug for PageFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageFrame").field("event", &self.event).finish_non_exhaustive()
    }
}

/// What the run and the server share.
#[derive(Debug)]
pub(super) struct PageState {
    html: OnceLock<Bytes>,
    frames: watch::Sender<Option<Arc<PageFrame>>>,
    readers: AtomicUsize,
}

impl PageState {
    pub(super) fn new() -> PageState {
        PageState {
            html: OnceLock::new(),
            frames: watch::Sender::new(None),
            readers: AtomicUsize::new(0),
        }
    }

    /// The page. None: this run has none.
    pub(super) fn html(&self) -> Option<Bytes> {
        self.html.get().cloned()
    }

    /// Serves this page from now on. A second page is ignored.
    pub(super) fn open(&self, html: String) {
        let _ = self.html.set(html.into());
    }

    /// Replaces the latest frame.
    pub(super) fn show(&self, frame: PageFrame) {
        self.frames.send_replace(Some(Arc::new(frame)));
    }

    /// Whether anybody reads the frames now.
    pub(super) fn is_watched(&self) -> bool {
        self.readers.load(Ordering::SeqCst) > 0
    }

    /// The frames, the latest at once.
    pub(super) fn subscribe(&self) -> watch::Receiver<Option<Arc<PageFrame>>> {
        let mut frames = self.frames.subscribe();
        frames.mark_changed();
        frames
    }
}

/// Counts one reader of the frames until it is dropped.
#[derive(Debug)]
pub(super) struct Reader(Arc<PageState>);

impl Reader {
    pub(super) fn new(state: &Arc<PageState>) -> Reader {
        state.readers.fetch_add(1, Ordering::SeqCst);
        Reader(state.clone())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.readers.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_drawn_once_and_each_of_its_lines_is_a_field() {
        let drawn = Arc::new(AtomicUsize::new(0));
        let counted = drawn.clone();
        let draw = Box::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            "{\"a\":\n1}".to_owned()
        });
        let frame = PageFrame::new("frame", false, draw);
        let octets = frame.octets();
        assert_eq!(octets, "event: frame\ndata: {\"a\":\ndata: 1}\n\n");
        assert_eq!(frame.octets(), octets);
        assert_eq!(drawn.load(Ordering::SeqCst), 1);
    }
}
