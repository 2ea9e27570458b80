//! The submits of a run, downwards: from the write in front over the read behind to both answers.
use super::carriers::Trials;
use super::collections::Few;
use super::compare::{changes, is_resegmented};
use super::content::{Content, SubmitHead, body, marker_at_end};
use super::entry::{Entry, Handle};
use super::ids::Ids;
use super::order::Order;
use super::scene::Scene;
use super::segments::{Answer, Part, Segments, Whole};
use super::settings::Settings;
use super::table::Table;
use crate::kit::Nanos;
use crate::measure::through::{Answers, ExampleClass, Transit};
use crate::smpp::marker::{MarkerKind, MessageKey};
use crate::smpp::receipt::IdSource;
use crate::smpp::{CommandStatus, Header, pdu};

/// Everything about submits.
#[derive(Debug)]
pub(super) struct Submits {
    pub(super) table: Table,
    pub(super) order: Order,
    pub(super) answers: Answers,
    pub(super) trials: Trials,
    segments: Segments,
    /// Submit_sm written in front so far, all attempts.
    written_count: u64,
}

impl Submits {
    pub(super) fn new(settings: &Settings) -> Submits {
        Submits {
            table: Table::new(settings),
            order: Order::new(),
            answers: Answers::default(),
            trials: Trials::default(),
            segments: Segments::default(),
            written_count: 0,
        }
    }

    /// A submit_sm was written in front.
    pub(super) fn sent(&mut self, scene: &mut Scene<'_>, header: &Header, frame: &[u8]) {
        let Some(submit) = SubmitHead::read(frame) else { return };
        let at_end = marker_at_end(scene.settings, frame);
        let Some(key) = at_end.or_else(|| self.key_in_front(scene.settings, frame)) else { return };
        self.written_count += 1;
        if key.kind == MarkerKind::Probe {
            self.trials.sent(frame);
        }
        let number = self.written_count;
        let Some(entry) = self.table.entry(key, submit.wants_receipt(), scene) else { return };
        entry.front.open += 1;
        entry.front.session = scene.session;
        entry.front.written = scene.at;
        entry.front.number = number;
        if entry.behind.out_count == 0 {
            entry.frame.clear();
            entry.frame.extend_from_slice(frame);
        }
        let handle = Few::One(entry.handle);
        self.table.by_reference.insert(key);
        scene.sessions.get(scene.session).open_submit(header.sequence_number, handle);
    }

    /// The key of a submit_sm of ours. One whose only carrier is a hint gets the next number.
    fn key_in_front(&mut self, settings: &Settings, frame: &[u8]) -> Option<MessageKey> {
        let content = Content::read(frame)?;
        if let Some(key) = content.keys(settings.run, &settings.carriers).first() {
            return Some(*key);
        }
        let reference = content.reference()?;
        self.table
            .by_reference
            .is_used
            .then(|| self.table.by_reference.next(reference, content.part()))
    }

    /// A submit_sm was read behind.
    pub(super) fn came_out(&mut self, scene: &mut Scene<'_>, header: &Header, frame: &[u8]) {
        if let Some(key) = marker_at_end(scene.settings, frame)
            && let Some(entry) = self.table.get(Handle::of(key))
            && body(&entry.frame) == body(frame)
        {
            // it is as it went in: there is nothing to be read
            let handle = entry.handle;
            let session = scene.sessions.get(scene.session);
            session.open_submit(header.sequence_number, Few::One(handle));
            return self.copy_came_out(scene, (key, handle), &[frame], false);
        }
        let Some(content) = Content::read(frame) else {
            self.table.unexpected(scene, frame);
            return;
        };
        let mut keys = content.keys(scene.settings.run, &scene.settings.carriers);
        if keys.is_empty() {
            let hint = content
                .reference()
                .and_then(|reference| self.table.of_reference(reference, content.part()));
            keys = hint.map_or(Few::None, Few::One);
        }
        let mut is_as_sent = || match &*keys {
            [key] => self.table.is_segment_of(*key, &content, scene),
            [] => false,
            _ => true,
        };
        if let Some(segment) = content.segment
            && !is_as_sent()
        {
            let holds = |key, text: &[u8]| self.table.is_text_of(key, text);
            let (session, content, keys) = (scene.session, &content, &*keys);
            let part = Part { session, content, segment, header, frame, keys };
            if let Some(whole) = self.segments.take(part, holds) {
                self.whole_came_out(scene, whole);
            }
            return;
        }
        if keys.is_empty() {
            self.trials.unmatched(frame);
            self.table.unexpected(scene, frame);
            return;
        }
        if let ([key], None) = (&*keys, content.segment) {
            keys = self.table.joined_in(*key, &content).unwrap_or(keys);
        }
        let messages = keys.iter().map(|key| Handle::of(*key)).collect();
        scene.sessions.get(scene.session).open_submit(header.sequence_number, messages);
        match &*keys {
            [key] => self.copy_came_out(scene, (*key, Handle::of(*key)), &[frame], false),
            _ => self.joined_came_out(scene, &keys, frame),
        }
    }

    /// All parts of a message that went in uncut have come out.
    fn whole_came_out(&mut self, scene: &mut Scene<'_>, whole: Whole) {
        let Whole { keys, sequences, frames, text, data_coding } = whole;
        let in_text =
            || super::content::tokens_in(scene.settings.run, data_coding, &text).first().copied();
        let Some(key) = keys.first().copied().or_else(in_text) else {
            self.table.unexpected(scene, &frames[0]);
            return;
        };
        let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
        let handle = Handle::of(key);
        self.copy_came_out(scene, (key, handle), &frames, true);
        // each part was answered, or will be
        for (session, sequence) in sequences {
            match self.segments.take_answer(session, sequence) {
                Some(answer) => self.apply(scene, handle, &answer.as_answer()),
                None => {
                    scene.sessions.get(session).open_submit(sequence, Few::One(handle));
                }
            }
        }
    }

    /// One PDU came out that holds several that went in.
    fn joined_came_out(&mut self, scene: &mut Scene<'_>, keys: &[MessageKey], frame: &[u8]) {
        let mut sent: Vec<Vec<u8>> = Vec::new();
        for key in keys {
            sent.extend(self.table.get(Handle::of(*key)).map(|entry| entry.frame.clone()));
        }
        let is_first = sent.iter().all(|frame| !frame.is_empty()) && sent.len() == keys.len();
        let contents: Vec<Content<'_>> = sent.iter().filter_map(|f| Content::read(f)).collect();
        let mut what = None;
        if let (true, Some(out)) = (is_first, Content::read(frame)) {
            what =
                scene.findings.count_changes("submit", &changes(&contents, &[out]), scene.settings);
        }
        for key in keys {
            let handle = Handle::of(*key);
            self.copy_came_out(scene, (*key, handle), &[], true);
            if let (Some(what), Some(entry)) = (&what, self.table.get_mut(handle)) {
                entry.is_altered = true;
                entry.examples.push((ExampleClass::Altered, what.clone()));
            }
        }
    }

    /// A copy of a message came out, in these PDUs; none: they were compared already.
    fn copy_came_out(
        &mut self,
        scene: &mut Scene<'_>,
        (key, handle): (MessageKey, Handle),
        frames: &[&[u8]],
        is_resegmented: bool,
    ) {
        let Some(entry) = self.table.came_out((key, handle), scene) else { return };
        let behind = &mut entry.behind;
        let segments = frames.len().max(1) as u32;
        let is_refused = behind.unrefused == 0;
        behind.unrefused += segments;
        if behind.out_count > 1 {
            check_route(scene, entry);
        }
        let behind = &mut entry.behind;
        if behind.out_count > 1 && is_refused {
            // our SMSC had refused it: the gateway tries again
            behind.retries += 1;
            behind.asked = match behind.answered {
                Some((_, at)) if at >= entry.front.written => behind.asked + scene.at.since(at),
                Some(_) | None => scene.at,
            };
            behind.last = scene.at;
            return;
        }
        if behind.out_count > 1 {
            let is_over = scene.sessions.has_reconnect(behind.last, scene.at);
            behind.over_reconnect += u32::from(is_over);
            let after = scene.at.since(behind.last);
            behind.last = scene.at;
            let over = if is_over { ", a reconnect between" } else { "" };
            let what = format!("again after {:.3} ms{over}", after.0 as f64 / 1e6);
            entry.examples.push((ExampleClass::Duplicate, what));
            return;
        }
        (behind.first, behind.last) = (scene.at, scene.at);
        behind.session = scene.session;
        behind.asked = scene.at;
        behind.segments = segments;
        entry.is_resegmented |= is_resegmented;
        let mut sent = std::mem::take(&mut entry.frame);
        let Some(SubmitHead { destination, .. }) = SubmitHead::read(&sent) else { return };
        entry.route = scene.settings.upstream_of(destination);
        check_route(scene, entry);
        if key.kind == MarkerKind::Load {
            let took = scene.at.since(entry.front.written);
            scene.findings.times.record(Transit::Forward, took, scene.at);
            self.order.came(entry.front.session, destination, entry.front.number);
            compare(scene, entry, &sent, frames);
        } else if let Some(content) = Content::read(&sent) {
            // which of its carriers survived is told apart, and no field is compared
            self.trials.came_out(scene.settings.run, entry.key, &content, frames);
        }
        // its memory serves the next message
        sent.clear();
        entry.frame = sent;
    }

    /// A submit_sm_resp or generic_nack was written behind.
    pub(super) fn answered_behind(&mut self, scene: &mut Scene<'_>, header: &Header, frame: &[u8]) {
        let id = pdu::message_id(frame).unwrap_or_default();
        let answer = Answer { status: header.command_status, id, at: scene.at };
        let session = scene.sessions.get(scene.session);
        match session.take_submit(header.sequence_number) {
            Some(messages) => {
                messages.iter().for_each(|handle| self.apply(scene, *handle, &answer))
            }
            // a part may be answered before its whole is complete
            None => self.segments.answered(scene.session, header.sequence_number, &answer),
        }
    }

    /// Our SMSC answered a copy of this message.
    fn apply(&mut self, scene: &mut Scene<'_>, handle: Handle, answer: &Answer<'_>) {
        let Some(entry) = self.table.get_mut(handle) else { return };
        let witness = scene.sessions.get(scene.session).witness;
        let id_key = Ids::upstream_key(answer.id, IdSource::Response, scene.settings);
        match answer.status {
            CommandStatus::ESME_ROK => scene.ids.name_behind(witness, id_key, entry.handle),
            _ => entry.behind.unrefused = entry.behind.unrefused.saturating_sub(1),
        }
        if entry.behind.answered.is_some_and(|(status, _)| status == 0) {
            return;
        }
        let is_first = entry.behind.answered.is_none();
        entry.behind.session = scene.session;
        entry.behind.answered = Some((answer.status.0, answer.at));
        entry.behind.id = answer.id.into();
        entry.behind.id_key = id_key;
        let is_itself =
            is_first && entry.front.accepted.is_some_and(|accepted| accepted < answer.at);
        self.answers.itself += u64::from(is_itself && entry.key.kind == MarkerKind::Load);
        if is_itself {
            self.table.close(handle, scene);
        }
    }

    /// A submit_sm_resp or generic_nack was read in front. Returns the message that its id now names.
    pub(super) fn answered_in_front(
        &mut self,
        scene: &mut Scene<'_>,
        header: &Header,
        frame: &[u8],
    ) -> Option<Handle> {
        let session = scene.sessions.get(scene.session);
        let handle = *session.take_submit(header.sequence_number)?.first()?;
        let entry = self.table.get_mut(handle)?;
        entry.front.open = entry.front.open.saturating_sub(1);
        let is_accepted = header.command_status == CommandStatus::ESME_ROK && !is_nack(header);
        let is_load = entry.key.kind == MarkerKind::Load;
        let response = scene.at.since(entry.front.written);
        let of_ours = match entry.behind.answered {
            // an answer to an earlier attempt is none to this one
            Some((_, answered)) if answered >= entry.front.written => {
                let took = scene.at.since(answered);
                if is_load {
                    self.answers.upstream += u64::from(is_accepted);
                    scene.findings.times.record(Transit::ResponseReturn, took, scene.at);
                }
                answered.since(entry.behind.asked)
            }
            Some(_) | None => Nanos::ZERO,
        };
        if is_load {
            scene.findings.times.record(Transit::Gateway, response.since(of_ours), scene.at);
        }
        if !is_accepted {
            let status = if header.command_status == CommandStatus::ESME_ROK {
                CommandStatus::ESME_RUNKNOWNERR
            } else {
                header.command_status
            };
            entry.front.rejected = Some((status.0, scene.at));
            return None;
        }
        entry.front.accepted.get_or_insert(scene.at);
        let id = pdu::message_id(frame).unwrap_or_default();
        entry.front.id = id.into();
        let id_key = Ids::front_key(id, IdSource::Response, scene.settings);
        entry.front.id_key = id_key;
        let handle = entry.handle;
        if id.is_empty() {
            // no receipt can name it
            self.table.close(handle, scene);
            return None;
        }
        if let Some(other) = scene.ids.in_front(id_key).filter(|other| *other != handle)
            && let Some(other) = self.table.get(other)
            && !other.is_finished(scene.at, scene.settings.deadline)
        {
            scene.ids.share(id_key);
        }
        scene.ids.name_in_front(id_key, handle);
        Some(handle)
    }

    /// A connection in front is gone: what was open on it will not be answered.
    pub(super) fn gone_in_front(&mut self, messages: &[Handle]) {
        for handle in messages {
            if let Some(entry) = self.table.get_mut(*handle) {
                entry.front.open = entry.front.open.saturating_sub(1);
                entry.front.has_gone = true;
            }
        }
    }

    /// Parts whose whole never came out.
    pub(super) fn incomplete_count(&self) -> u64 {
        self.segments.count()
    }
}

fn is_nack(header: &Header) -> bool {
    header.command_id == crate::smpp::CommandId::GENERIC_NACK
}

/// A copy came out: at the upstream of its route, or at another one.
fn check_route(scene: &mut Scene<'_>, entry: &mut Entry) {
    let Some(wanted) = entry.route else { return };
    let witness = scene.sessions.get(scene.session).witness;
    let upstream = witness - scene.settings.fronts_count;
    if upstream != wanted && !entry.is_at_wrong_upstream {
        entry.is_at_wrong_upstream = true;
        let name = |upstream| scene.settings.upstream_name(upstream);
        let what = format!("at {}, and its route is to {}", name(upstream), name(wanted));
        entry.examples.push((ExampleClass::WrongUpstream, what));
    }
}

/// Compares the PDUs of the first copy with what was sent.
fn compare(scene: &mut Scene<'_>, entry: &mut Entry, sent: &[u8], frames: &[&[u8]]) {
    if let [one] = frames
        && body(one) == body(sent)
    {
        return;
    }
    let came: Vec<Content<'_>> = frames.iter().filter_map(|frame| Content::read(frame)).collect();
    let Some(content) = Content::read(sent).filter(|_| !came.is_empty()) else { return };
    let sent = [content];
    entry.is_resegmented |= is_resegmented(&sent, &came);
    let changes = changes(&sent, &came);
    if let Some(what) = scene.findings.count_changes("submit", &changes, scene.settings) {
        entry.is_altered = true;
        entry.examples.push((ExampleClass::Altered, what));
    }
}
