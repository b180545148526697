//! Replaying the recorded events, and holding every column against the result.

use blake2::Digest;

use super::decode::{QuotesKind, Recorded, RecordedEvents};
use super::{Configuration, Ledger, Violation};
use crate::codec::{Decoder, Malformed};
use crate::columns::schema::View;
use crate::event::{Bars, Event, Marks};
use crate::export::TableSnapshot;
use crate::refusal::Refusal;

/// A ledger that is being built from recorded events.
struct Replayer {
    ledger: Ledger,
    events: RecordedEvents,
}

impl Ledger {
    /// The canonical bytes of configuration and events (SPEC section 9).
    ///
    /// # Errors
    /// [`Refusal::OutOfMemory`].
    pub fn event_bytes(&self) -> Result<Vec<u8>, Refusal> {
        let mut bytes = self.configuration.canonical_bytes()?;
        bytes.try_reserve(self.events.chunks().map(<[u8]>::len).sum())?;
        self.events.chunks().for_each(|chunk| bytes.extend_from_slice(chunk));
        Ok(bytes)
    }

    /// The recorded events in chunks; an event never spans two.
    pub(crate) fn event_chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.events.chunks()
    }

    /// BLAKE2b-256 over configuration, events and state, as hex (SPEC section 9). Events that were
    /// hashed before are not hashed again.
    ///
    /// # Errors
    /// [`Refusal::OutOfMemory`].
    pub fn digest(&mut self) -> Result<String, Refusal> {
        let state = self.state_bytes()?;
        let hash = self.events.hash().chain_update([0xFF]).chain_update(&state).finalize();
        let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
        Ok(nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect())
    }

    /// A fresh ledger with the same configuration and the same events applied again.
    ///
    /// # Errors
    /// When the recorded bytes are damaged or an event is refused.
    pub fn replay(&self) -> Result<Self, Violation> {
        let broken = |details: String| Violation { name: "events_replay", details };
        let configuration = Configuration { capacity: None, ..self.configuration.clone() };
        let ledger = Self::new(configuration).map_err(|refusal| broken(refusal.to_string()))?;
        let mut replayer = Replayer { ledger, events: RecordedEvents::default() };
        for chunk in self.events.chunks() {
            let mut decoder = Decoder(chunk);
            while !decoder.is_empty() {
                let number = replayer.ledger.account.events.wrapping_add(1);
                replayer
                    .apply_next(&mut decoder)
                    .map_err(|reason| broken(format!("event {number}: {reason}")))?;
            }
        }
        Ok(replayer.ledger)
    }

    /// Replays all events, compares account, state and every column of every table, and checks all
    /// invariants.
    ///
    /// # Errors
    /// What differs first, or the first invariant that does not hold.
    pub fn verify(&mut self) -> Result<(), Violation> {
        self.check_invariants()?;
        let mut fresh = self.replay()?;
        fresh.check_invariants()?;
        let differs = |what: &str, details: String| Violation {
            name: "replay_matches",
            details: format!("{what}: {details}"),
        };
        if fresh.account != self.account {
            return Err(differs("account", format!("{:?} != {:?}", self.account, fresh.account)));
        }
        let memory = |error| differs("memory", format!("{error}"));
        if fresh.state_bytes().map_err(memory)? != self.state_bytes().map_err(memory)? {
            return Err(differs("state", "the canonical bytes differ".to_owned()));
        }
        for view in [View::Exact, View::Float] {
            let pairs = [
                (self.equity_curve(view), fresh.equity_curve(view)),
                (self.trades(view), fresh.trades(view)),
                (self.postings(view), fresh.postings(view)),
                (self.open_positions(view), fresh.open_positions(view)),
            ];
            for (kept, again) in pairs {
                let failed = |error| differs("export", format!("{error}"));
                let (kept, again) = (kept.map_err(failed)?, again.map_err(failed)?);
                if let Some(column) = first_difference(&kept, &again) {
                    return Err(differs(kept.name, format!("column {column} differs")));
                }
            }
        }
        Ok(())
    }
}

/// The first column in which two snapshots of a table differ; their batches may be cut in different
/// places.
fn first_difference(left: &TableSnapshot, right: &TableSnapshot) -> Option<String> {
    if left.rows != right.rows {
        return Some(format!("(rows: {} and {})", left.rows, right.rows));
    }
    let (mut at, mut ours, mut theirs) = (0_usize, 0_usize, 0_usize);
    let mut rights = right.batches.iter();
    let mut other = rights.next();
    for batch in &left.batches {
        while ours < batch.num_rows() {
            let against = other?;
            let here = batch.num_rows().saturating_sub(ours);
            let rows = here.min(against.num_rows().saturating_sub(theirs));
            let (part, same) = (batch.slice(ours, rows), against.slice(theirs, rows));
            let names = left.schema.fields().iter();
            let mut pairs = names.zip(part.columns().iter().zip(same.columns()));
            if let Some((field, _)) = pairs.find(|(_, (one, two))| one != two) {
                return Some(format!(
                    "{} within rows {at} to {}",
                    field.name(),
                    at.saturating_add(rows)
                ));
            }
            (ours, theirs, at) =
                (ours.saturating_add(rows), theirs.saturating_add(rows), at.saturating_add(rows));
            if theirs == against.num_rows() {
                (other, theirs) = (rights.next(), 0);
            }
        }
        ours = 0;
    }
    None
}

impl Replayer {
    fn apply_next(&mut self, decoder: &mut Decoder<'_>) -> Result<(), String> {
        let before = self.ledger.account.last_time;
        let known = self.ledger.positions.next_id();
        let recorded = self.events.next(decoder, before);
        let recorded = recorded.map_err(|Malformed| "its bytes are damaged".to_owned())?;
        let applied = match &recorded {
            Recorded::Event(event) => self.ledger.apply(event),
            Recorded::Quotes { kind, time, quotes } => {
                let marks = Marks { time: Some(*time), quotes };
                self.ledger.apply(&match kind {
                    QuotesKind::Mark => Event::Mark(marks),
                    QuotesKind::Update => Event::UpdateEquity(marks),
                    QuotesKind::Process => Event::Quotes(marks),
                })
            }
            Recorded::Bars { time, path, bars } => {
                let (time, path) = (*time, Some(*path));
                self.ledger.apply(&Event::Bar(Bars { time, path, bars }))
            }
        };
        let positions = &self.ledger.positions;
        for position_id in known..positions.next_id() {
            if let Some((_, position)) = positions.find(position_id) {
                self.events.learn(position_id, position.symbol);
            }
        }
        applied.map(|_| ()).map_err(|refusal| refusal.to_string())
    }
}
