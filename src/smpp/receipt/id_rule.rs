//! How message ids are spelled (docs/smpp/in-the-wild.md, rows 1 to 3): the value of `receipts.id_mode`. The rule is
//! configured, never guessed. A further rule is a variant here, with its words and its spelling.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an id in a submit_sm_resp and an id in a receipt are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdRule {
    /// Ids are compared octet by octet.
    #[default]
    Exact,
    /// Ids are decimal numbers; leading zeros do not count. Other ids are compared without regard to case.
    Number,
    /// Ids are hexadecimal in the response and decimal in the receipt.
    ResponseHex,
    /// Ids are decimal in the response and hexadecimal in the receipt.
    ReceiptHex,
    /// Ids are compared octet by octet without regard to ASCII case.
    CaseInsensitive,
}

/// The PDU that an id was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdSource {
    /// A submit_sm_resp.
    Response,
    /// A receipt.
    Receipt,
}

/// What of an id counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdSpelling {
    /// Its octets.
    Octets,
    /// Its octets, with ASCII case folded.
    AnyCase,
    /// The number that it spells in this base; the octets of any other id, with ASCII case folded.
    Number(u32),
}

impl IdRule {
    /// Every rule.
    pub const ALL: [IdRule; 5] = [
        IdRule::Exact,
        IdRule::Number,
        IdRule::ResponseHex,
        IdRule::ReceiptHex,
        IdRule::CaseInsensitive,
    ];

    /// Its index in [`IdRule::ALL`].
    #[inline]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Its name in profiles and result.json.
    pub const fn name(self) -> &'static str {
        match self {
            IdRule::Exact => "exact",
            IdRule::Number => "number",
            IdRule::ResponseHex => "response_hex",
            IdRule::ReceiptHex => "receipt_hex",
            IdRule::CaseInsensitive => "case_insensitive",
        }
    }

    /// How ids are matched, for a person.
    pub const fn says(self) -> &'static str {
        match self {
            IdRule::Exact => "exactly",
            IdRule::Number => "as decimal numbers",
            IdRule::ResponseHex => "hexadecimal in the response, decimal in the receipt",
            IdRule::ReceiptHex => "decimal in the response, hexadecimal in the receipt",
            IdRule::CaseInsensitive => "in any case",
        }
    }

    /// How an id from this source is spelled.
    #[inline]
    pub const fn spelling(self, source: IdSource) -> IdSpelling {
        match (self, source) {
            (IdRule::Exact, _) => IdSpelling::Octets,
            (IdRule::CaseInsensitive, _) => IdSpelling::AnyCase,
            (IdRule::Number, _)
            | (IdRule::ResponseHex, IdSource::Receipt)
            | (IdRule::ReceiptHex, IdSource::Response) => IdSpelling::Number(10),
            (IdRule::ResponseHex, IdSource::Response) | (IdRule::ReceiptHex, IdSource::Receipt) => {
                IdSpelling::Number(16)
            }
        }
    }
}
