//! What a run of submit_sm needs of deliveries: whether their receipts may be written behind their responses, and the writer.
use super::Deliveries;
use crate::smsc::delivery_writer::DeliveryWriter;

impl Deliveries {
    /// Whether receipts are sent with their responses, on the same session, and any answer stands for any of them.
    #[inline]
    pub(in crate::smsc) fn sends_at_once(&self) -> bool {
        let is_plain = !self.other_bind && !self.retry_settings.tracked && self.rate.is_none();
        is_plain && self.delay.is_zero()
    }

    /// What writes deliveries.
    #[inline]
    pub(in crate::smsc) fn writer(&mut self) -> &mut DeliveryWriter {
        &mut self.writer
    }
}
