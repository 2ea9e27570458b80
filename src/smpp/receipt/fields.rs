//! The fields of a receipt's text.

/// The fields as they stood. `None`: not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fields<'a> {
    pub(super) id: Option<&'a [u8]>,
    pub(super) sub: Option<&'a [u8]>,
    pub(super) dlvrd: Option<&'a [u8]>,
    pub(super) submit_date: Option<&'a [u8]>,
    pub(super) done_date: Option<&'a [u8]>,
    pub(super) stat: Option<&'a [u8]>,
    pub(super) err: Option<&'a [u8]>,
    pub(super) text: Option<&'a [u8]>,
    /// A state's name that stands alone: taken where `stat:` is missing.
    pub(super) bare_stat: Option<&'a [u8]>,
}
