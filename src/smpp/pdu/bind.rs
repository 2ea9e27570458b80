//! `bind_receiver`, `bind_transmitter`, `bind_transceiver`, their responses, and `outbind` (v3.4 4.1).

use crate::smpp::CommandStatus as Status;

wire! {
    /// A bind request: the same fields for all three (v3.4 4.1.1, 4.1.3, 4.1.5). OpenMarket and
    /// others take passwords far beyond the 8 characters of the specification.
    Bind {
        system_id: cstr(16, Status::ESME_RINVSYSID);
        password: cstr(9, Status::ESME_RINVPASWD);
        system_type: cstr(13, Status::ESME_RINVSYSTYP);
        interface_version: int1;
        addr_ton: int1;
        addr_npi: int1;
        address_range: cstr(41, Status::ESME_RBINDFAIL);
        tlvs: tlvs;
    }
}

wire! {
    /// A bind response (v3.4 4.1.2, 4.1.4, 4.1.6); its only TLV is `sc_interface_version`.
    BindResp {
        system_id: cstr(16, Status::ESME_RINVSYSID);
        tlvs: tlvs;
    }
}

wire! {
    /// `outbind`: the SMSC asks an ESME to bind (v3.4 4.1.7). Nobody answers it.
    Outbind = OUTBIND {
        system_id: cstr(16, Status::ESME_RINVSYSID);
        password: cstr(9, Status::ESME_RINVPASWD);
        tlvs: tlvs;
    }
}
