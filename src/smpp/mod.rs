//! The wire language of SMPP v3.4: bytes in, values out.
