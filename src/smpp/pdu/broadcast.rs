//! The broadcast family of v5.0 (4.4), recognised so that a v5.0 peer can be read.

use crate::smpp::CommandStatus as Status;

wire! {
    /// `broadcast_sm` (v5.0 4.4.1.1).
    BroadcastSm = BROADCAST_SM {
        service_type: cstr(6, Status::ESME_RINVSERTYP);
        source_addr_ton: int1;
        source_addr_npi: int1;
        source_addr: cstr(21, Status::ESME_RINVSRCADR);
        message_id: cstr(65, Status::ESME_RINVMSGID);
        priority_flag: int1;
        schedule_delivery_time: time(false, Status::ESME_RINVSCHED);
        validity_period: time(false, Status::ESME_RINVEXPIRY);
        replace_if_present_flag: int1;
        data_coding: int1;
        sm_default_msg_id: int1;
        tlvs: tlvs;
    }
}

wire! {
    /// `broadcast_sm_resp` and `query_broadcast_sm_resp` (v5.0 4.4.1.2, 4.6.1.2).
    BroadcastResp {
        message_id: cstr(65, Status::ESME_RINVMSGID);
        tlvs: tlvs;
    }
}

wire! {
    /// `query_broadcast_sm` (v5.0 4.6.1.1).
    QueryBroadcastSm = QUERY_BROADCAST_SM {
        message_id: cstr(65, Status::ESME_RINVMSGID);
        source_addr_ton: int1;
        source_addr_npi: int1;
        source_addr: cstr(21, Status::ESME_RINVSRCADR);
        tlvs: tlvs;
    }
}

wire! {
    /// `cancel_broadcast_sm` (v5.0 4.6.2.1).
    CancelBroadcastSm = CANCEL_BROADCAST_SM {
        service_type: cstr(6, Status::ESME_RINVSERTYP);
        message_id: cstr(65, Status::ESME_RINVMSGID);
        source_addr_ton: int1;
        source_addr_npi: int1;
        source_addr: cstr(21, Status::ESME_RINVSRCADR);
        tlvs: tlvs;
    }
}
