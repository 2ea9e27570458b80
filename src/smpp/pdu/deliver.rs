//! PDUs of an SMSC: `deliver_sm` and its response (v3.4 4.6).

use crate::smpp::CommandStatus as Status;

wire! {
    /// `deliver_sm` (v3.4 4.6.1): a mobile-originated message or a delivery receipt.
    DeliverSm = DELIVER_SM {
        service_type: cstr(6, Status::ESME_RINVSERTYP);
        source_addr_ton: int1;
        source_addr_npi: int1;
        source_addr: cstr(21, Status::ESME_RINVSRCADR);
        dest_addr_ton: int1;
        dest_addr_npi: int1;
        destination_addr: cstr(21, Status::ESME_RINVDSTADR);
        esm_class: int1;
        protocol_id: int1;
        priority_flag: int1;
        schedule_delivery_time: time(false, Status::ESME_RINVSCHED);
        validity_period: time(false, Status::ESME_RINVEXPIRY);
        registered_delivery: int1;
        replace_if_present_flag: int1;
        data_coding: int1;
        sm_default_msg_id: int1;
        short_message: short_message;
        tlvs: tlvs;
    }
}

wire! {
    /// `deliver_sm_resp` (v3.4 4.6.2); its `message_id` is unused and mostly empty.
    DeliverSmResp = DELIVER_SM_RESP {
        message_id: cstr(65, Status::ESME_RINVMSGID);
        tlvs: tlvs;
    }
}
