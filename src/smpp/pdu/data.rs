//! `data_sm` and its response (v3.4 4.7): either side may send it.

use crate::smpp::CommandStatus as Status;

wire! {
    /// `data_sm` (v3.4 4.7.1). Its text, if any, is TLV `message_payload`.
    DataSm = DATA_SM {
        service_type: cstr(6, Status::ESME_RINVSERTYP);
        source_addr_ton: int1;
        source_addr_npi: int1;
        source_addr: cstr(65, Status::ESME_RINVSRCADR);
        dest_addr_ton: int1;
        dest_addr_npi: int1;
        destination_addr: cstr(65, Status::ESME_RINVDSTADR);
        esm_class: int1;
        registered_delivery: int1;
        data_coding: int1;
        tlvs: tlvs;
    }
}

wire! {
    /// `data_sm_resp` (v3.4 4.7.2).
    DataSmResp = DATA_SM_RESP {
        message_id: cstr(65, Status::ESME_RINVMSGID);
        tlvs: tlvs;
    }
}
