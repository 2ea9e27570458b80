//! `query_sm`, `cancel_sm` and their responses (v3.4 4.8, 4.9).

use crate::smpp::CommandStatus as Status;

wire! {
    /// `query_sm` (v3.4 4.8.1).
    QuerySm = QUERY_SM {
        message_id: cstr(65, Status::ESME_RINVMSGID);
        source_addr_ton: int1;
        source_addr_npi: int1;
        source_addr: cstr(21, Status::ESME_RINVSRCADR);
        tlvs: tlvs;
    }
}

wire! {
    /// `query_sm_resp` (v3.4 4.8.2); `final_date` also comes with 12 characters (7.1.1).
    QuerySmResp = QUERY_SM_RESP {
        message_id: cstr(65, Status::ESME_RINVMSGID);
        final_date: time(true, Status::ESME_RQUERYFAIL);
        message_state: int1;
        error_code: int1;
        tlvs: tlvs;
    }
}

wire! {
    /// `cancel_sm` (v3.4 4.9.1).
    CancelSm = CANCEL_SM {
        service_type: cstr(6, Status::ESME_RINVSERTYP);
        message_id: cstr(65, Status::ESME_RINVMSGID);
        source_addr_ton: int1;
        source_addr_npi: int1;
        source_addr: cstr(21, Status::ESME_RINVSRCADR);
        dest_addr_ton: int1;
        dest_addr_npi: int1;
        destination_addr: cstr(21, Status::ESME_RINVDSTADR);
        tlvs: tlvs;
    }
}
