//! What keeps a session: `unbind`, `enquire_link`, `generic_nack` (header only) and
//! `alert_notification` (v3.4 4.2, 4.3, 4.11, 4.12).

use crate::smpp::CommandStatus as Status;

wire! {
    /// The body of a PDU that has none. v5.0 allows `congestion_state` even here.
    HeaderOnly {
        tlvs: tlvs;
    }
}

wire! {
    /// `alert_notification` (v3.4 4.12.1): a mobile is there again. Nobody answers it.
    AlertNotification = ALERT_NOTIFICATION {
        source_addr_ton: int1;
        source_addr_npi: int1;
        source_addr: cstr(65, Status::ESME_RINVSRCADR);
        esme_addr_ton: int1;
        esme_addr_npi: int1;
        esme_addr: cstr(65, Status::ESME_RINVDSTADR);
        tlvs: tlvs;
    }
}
