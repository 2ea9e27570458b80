//! Deliveries that a command asks for. Each has a content of its own, which is not kept: it is written at once to a
//! session that can receive it, of any account, and never sent again.
use super::Deliveries;
use crate::kit::Nanos;
use crate::smpp::receipt::MessageState;
use crate::smsc::command::CommandOutcome;
use crate::smsc::context::Context;
use crate::smsc::id_generator::SpelledId;
use crate::smsc::mo_content::{MoText, mo_addresses};
use crate::smsc::pending_delivery::{Address, DeliveryKind, PendingDelivery};

/// What a commanded delivery holds.
#[derive(Debug)]
pub(in crate::smsc) enum Content<'a> {
    /// A mobile-originated message.
    Mo { from: Address, to: Address, text: &'a MoText },
    /// The final receipt of the message with this id. The simulator keeps no messages, so its addresses are those of
    /// its MO.
    Receipt { id: &'a SpelledId, state: MessageState },
}

impl Deliveries {
    /// Sends a commanded delivery to the next session in turn that can receive it.
    pub(in crate::smsc) fn send_commanded(
        &mut self,
        context: &mut Context,
        content: &Content<'_>,
        now: Nanos,
    ) -> CommandOutcome {
        let Some(session) = self.next_receiver_of_any(context) else {
            return CommandOutcome::NoReceiver;
        };
        let account = context.connections.get(session).and_then(|peer| peer.account);
        let Some(account) = account else { return CommandOutcome::NoReceiver };
        let (kind, from, to, state) = match content {
            Content::Mo { from, to, .. } => (DeliveryKind::Mo, *from, *to, 0),
            Content::Receipt { state, .. } => {
                let (from, to) = mo_addresses(0);
                (DeliveryKind::Final, from, to, state.wire())
            }
        };
        let delivery = PendingDelivery {
            submitted_ns: now.0,
            session,
            account,
            from,
            to,
            state,
            kind,
            by_command: true,
            ..PendingDelivery::default()
        };
        context.tally.count_sent(&delivery, session);
        let Some(peer) = context.connections.get_mut(session) else {
            return CommandOutcome::NoReceiver;
        };
        let sequence = peer.session.sequence.take();
        let out = peer.output.buffer();
        match content {
            Content::Mo { text, .. } => self.writer.mo(&from, &to, text, &[], sequence, out),
            Content::Receipt { id, .. } => {
                self.writer.receipt(&delivery.receipt(0x04), sequence, now, id, out);
            }
        }
        peer.unacknowledged.add(1);
        // its answer is told apart from those to receipts, so that each counts as what it is
        self.track(context, session, sequence, PendingDelivery { attempts: 1, ..delivery }, now);
        context.connections.mark_changed(session);
        CommandOutcome::sent(session, context.accounts.system_id(account))
    }

    /// The next session in turn, of all accounts, that can receive a delivery now.
    fn next_receiver_of_any(&mut self, context: &Context) -> Option<u32> {
        let receivers = context.connections.receivers();
        let count = receivers.len();
        let step = (0..count).find(|step| {
            let session = receivers[(self.next_commanded + step) % count];
            context.connections.can_receive(session)
        })?;
        let at = (self.next_commanded + step) % count;
        self.next_commanded = (at + 1) % count;
        Some(receivers[at])
    }
}
