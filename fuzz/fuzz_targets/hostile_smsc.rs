//! A whole run on the virtual clock against an SMSC that does what the fuzzer says: any PDU, any order, any cut, pauses,
//! ends, on several sessions that bind again. No panic, an end, bounded buffers, and books that balance to the message.
#![no_main]

#[path = "../../tests/hostile/world.rs"]
mod world;

use libfuzzer_sys::fuzz_target;
use smppbench::judge::Books;
use smppbench::kit::Nanos;
use smppbench::plan::{self, Overrides, Plan, Source};
use std::sync::{Arc, LazyLock};
use world::{Deed, Deeds, Smsc, World, unbalanced};

/// What all plans share: short deadlines, and so small histograms.
const BASE: &str = r#"
name = "fuzz"
[target]
address = "127.0.0.1:1"
[timeouts]
bind = "300ms"
response = "300ms"
drain = "400ms"
unbind = "200ms"
[receipts]
deadline = "300ms"
outstanding_max = 64
"#;

/// By the first octet of the input.
const PLANS: [&str; 6] = [
    "[binds]\ncount = 1\nwindow = 4\nrebind = \"off\"\n[[load.stages]]\nhold = 100\nfor = \"300ms\"\n[[messages]]\nregistered_delivery = 1\n",
    "[binds]\ncount = 3\nwindow = 10\nrebind = { attempts_max = 0, min = \"20ms\", max = \"80ms\" }\n[[load.stages]]\nhold = 150\nfor = \"400ms\"\n[[messages]]\nregistered_delivery = 1\n",
    "[binds]\ntype = \"pair\"\ncount = 1\nwindow = 2\nrebind = { attempts_max = 3, min = \"20ms\", max = \"80ms\" }\nenquire_link = \"100ms\"\n[[load.stages]]\nhold = 60\nfor = \"500ms\"\n[[messages]]\nregistered_delivery = 2\n",
    "[binds]\ncount = 2\nwindow = 3\n[load]\non_throttle = \"retry\"\nattempts_max = 3\n[[load.stages]]\nhold = 80\nfor = \"300ms\"\n[[messages]]\nregistered_delivery = 0\ntext = \"A text of more than one hundred and sixty octets goes in two parts, each of which is a submit_sm of its own; the whole has arrived when both of them have, and this one is long enough.\"\n",
    "[binds]\ncount = 1\nwindow = 8\nrate_max = 200\n[load]\nwindow_full = \"drop\"\non_throttle = \"backoff\"\n[[load.stages]]\nhold = 120\nfor = \"300ms\"\n[[messages]]\nregistered_delivery = 1\n[deliver]\ndelay = \"10ms\"\nno_answer = 0.1\n",
    "[binds]\ncount = 2\nwindow = 3\n[[load.stages]]\nmax = true\nfor = \"150ms\"\n[[messages]]\nregistered_delivery = 1\n",
];

static READ: LazyLock<Vec<Arc<Plan>>> = LazyLock::new(|| {
    let read = |more: &str| {
        let source = Source::Text { name: "fuzz".to_owned(), text: format!("{BASE}{more}") };
        Arc::new(plan::load(&source, &Overrides::default()).expect("the profile is well-formed"))
    };
    PLANS.into_iter().map(read).collect()
});

/// Answers politely where the input has nothing (more) to say, so that runs get beyond their bind.
struct Fuzzed<'a> {
    data: &'a [u8],
    carry: Vec<Vec<u8>>,
    /// What it has said that a receipt could name.
    ids: u32,
}

impl Fuzzed<'_> {
    fn octet(&mut self) -> u8 {
        let Some((first, rest)) = self.data.split_first() else { return 0 };
        self.data = rest;
        *first
    }

    fn word(&mut self) -> u32 {
        u32::from_be_bytes([self.octet(), self.octet(), self.octet(), self.octet()])
    }

    fn some(&mut self, most: usize) -> Vec<u8> {
        let count = usize::from(self.octet()).min(most).min(self.data.len());
        let (octets, rest) = self.data.split_at(count);
        self.data = rest;
        octets.to_vec()
    }

    fn after(&mut self) -> Nanos {
        // up to half a second, most of it short
        let octet = u64::from(self.octet());
        Nanos::from_micros(octet * octet * 8 + 1)
    }

    fn polite(&mut self, command: u32, number: u32) -> Vec<u8> {
        let id = match command {
            4 => {
                self.ids += 1;
                format!("{}\0", self.ids).into_bytes()
            }
            1 | 2 | 9 => b"smsc\0".to_vec(),
            _ => Vec::new(),
        };
        if command & RESP != 0 { Vec::new() } else { pdu(command | RESP, 0, number, &id) }
    }

    fn receipt(&mut self) -> Vec<u8> {
        let id = self.ids.saturating_sub(u32::from(self.octet()) / 16);
        let stat = ["DELIVRD", "UNDELIV", "ENROUTE", "ACKED"][usize::from(self.octet()) % 4];
        let text = format!(
            "id:{id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:{stat} err:000 text:"
        );
        let mut body = b"\0\x01\x011\0\x01\x012\0\x04\0\0\0\0\0\0\0\0".to_vec();
        body.push(text.len() as u8);
        body.extend_from_slice(text.as_bytes());
        pdu(5, 0, u32::from(self.octet()), &body)
    }

    /// One deed of the input's.
    fn deed(&mut self, command: u32, number: u32, own: &[u8]) -> Deed {
        match self.octet() % 16 {
            0 => Deed::Close,
            1 => Deed::Reset,
            2 => Deed::Read(false),
            3 => Deed::Read(true),
            4 => Deed::Say(self.some(255)),
            5 => Deed::Say(own.to_vec()),
            6 | 7 => Deed::Say(self.receipt()),
            8 => {
                let (id, status, body) = (self.word(), self.word(), self.some(60));
                Deed::Say(pdu(id, status, number, &body))
            }
            9 => {
                let (id, body) = (u32::from(self.octet()), self.some(60));
                let (flag, back) = (self.octet(), u32::from(self.octet()));
                let id = if flag & 1 == 0 { id } else { id | RESP };
                Deed::Say(pdu(
                    id,
                    u32::from(flag >> 1),
                    number.wrapping_sub(back).wrapping_add(8),
                    &body,
                ))
            }
            10 => {
                let mut octets = self.polite(command, number);
                let at = usize::from(self.octet()) % octets.len().max(1);
                let with = self.octet();
                if let Some(octet) = octets.get_mut(at) {
                    *octet ^= with;
                }
                Deed::Say(octets)
            }
            11 => Deed::Say(pdu(command | RESP, u32::from(self.octet()), number, b"")),
            12 => Deed::Say(pdu(6, 0, 1, b"")),
            13 => {
                let one = self.polite(command, number);
                Deed::Say(one.repeat(usize::from(self.octet() % 8)))
            }
            _ => Deed::Say(self.polite(command, number)),
        }
    }
}

const RESP: u32 = 0x8000_0000;

fn pdu(command: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(16 + body.len());
    for word in [16 + body.len() as u32, command, status, sequence] {
        octets.extend_from_slice(&word.to_be_bytes());
    }
    octets.extend_from_slice(body);
    octets
}

impl Smsc for Fuzzed<'_> {
    fn connected(&mut self, link: u32, _: Nanos, _: &mut Deeds) {
        self.carry[link as usize].clear();
    }

    fn heard(&mut self, link: u32, octets: &[u8], _: Nanos, deeds: &mut Deeds) {
        let mut carry = std::mem::take(&mut self.carry[link as usize]);
        carry.extend_from_slice(octets);
        let mut used = 0;
        while let Some(rest) = carry.get(used..).filter(|rest| rest.len() >= 16) {
            let word = |at: usize| {
                u32::from_be_bytes([rest[at], rest[at + 1], rest[at + 2], rest[at + 3]])
            };
            let (length, command, number) = (word(0) as usize, word(4), word(12));
            // what the load side writes is lawful, always
            assert!((16..70_000).contains(&length), "it wrote a length of {length}");
            if rest.len() < length {
                break;
            }
            used += length;
            let own = rest[..length].to_vec();
            let control = self.octet();
            if control < 128 {
                deeds.push((
                    Nanos::from_micros(200),
                    link,
                    Deed::Say(self.polite(command, number)),
                ));
            }
            for _ in 0..control % 4 {
                let after = self.after();
                let deed = self.deed(command, number, &own);
                let link = if self.octet() > 240 { link + 1 } else { link };
                match deed {
                    Deed::Say(octets) if octets.is_empty() => {}
                    Deed::Say(octets) if control & 64 != 0 => {
                        let cut = usize::from(self.octet()) % octets.len();
                        deeds.push((after, link, Deed::Say(octets[..cut].to_vec())));
                        deeds.push((after, link, Deed::Say(octets[cut..].to_vec())));
                    }
                    deed => deeds.push((after, link, deed)),
                }
            }
        }
        carry.drain(..used);
        self.carry[link as usize] = carry;
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let plan = &READ[usize::from(*choice) % READ.len()];
    let mut smsc = Fuzzed { data, carry: vec![Vec::new(); 8], ids: 0 };
    let (record, _) = World::new(plan, &mut smsc).run();
    // sessions that could not be bound: no run
    let Ok(record) = record else { return };
    assert_eq!(unbalanced(&record), Vec::<String>::new());
    let books = Books::of(plan, &record);
    assert!(books.balanced, "{:?}", books.failures);
    assert!(record.ended < Nanos::from_secs(20), "it took {:?}", record.ended);
});
