//! The run's handle to its page in a browser. It knows no report: whoever opens the page hands in how a frame is drawn.
use super::http::Server;
use super::page::{PageFrame, PageState};
use std::sync::Arc;
use std::time::Duration;

/// How often [`RunPage::end`] looks whether the last frame is taken.
const LOOK: Duration = Duration::from_millis(10);

/// The run's handle to its page. The page is served until the observer and all handles are dropped.
#[derive(Clone, Debug)]
pub struct RunPage {
    state: Arc<PageState>,
    server: Arc<Server>,
}

impl RunPage {
    pub(super) fn new(state: Arc<PageState>, server: Arc<Server>) -> RunPage {
        RunPage { state, server }
    }

    /// Serves this page from now on. A second page is ignored.
    pub fn open(&self, html: String) {
        self.state.open(html);
    }

    /// The address in a browser.
    pub fn url(&self) -> String {
        format!("http://{}/", self.server.address())
    }

    /// Whether anybody reads the frames now.
    pub fn is_watched(&self) -> bool {
        self.state.is_watched()
    }

    /// Shows a frame, as JSON. Those who come later get it too.
    pub fn show(&self, draw: impl FnOnce() -> String + Send + 'static) {
        self.state.show(PageFrame::new("frame", false, Box::new(draw)));
    }

    /// Shows the last frame, as JSON, and waits until all readers have it, at most for `patience`.
    pub fn end(&self, draw: impl FnOnce() -> String + Send + 'static, patience: Duration) {
        self.state.show(PageFrame::new("end", true, Box::new(draw)));
        let mut waited = Duration::ZERO;
        while self.is_watched() && waited < patience {
            std::thread::sleep(LOOK);
            waited += LOOK;
        }
    }
}
