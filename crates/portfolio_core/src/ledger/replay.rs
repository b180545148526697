//! Replaying the recorded events, and holding every column against the result.

use blake2::Digest;

use hashbrown::HashMap;

use super::decode::{QuotesKind, Recorded, RecordedEvents};
use super::{Configuration, Ledger, Violation};
use crate::book::Book;
use crate::codec::{Decoder, Malformed};
use crate::columns::schema::{TRADES, View};
use crate::event::{Bars, Event, Marks, Open};
use crate::export::{TableSnapshot, counts, text_views};
use crate::refusal::Refusal;

/// A ledger that is being built from recorded events.
pub(super) struct Replayer {
    ledger: Ledger,
    events: RecordedEvents,
}

fn broken(details: String) -> Violation {
    Violation { name: "events_replay", details }
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
        let hash = self.digest_bytes()?;
        let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
        Ok(nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect())
    }

    /// The same as bytes.
    ///
    /// # Errors
    /// [`Refusal::OutOfMemory`].
    pub fn digest_bytes(&mut self) -> Result<[u8; 32], Refusal> {
        let state = self.state_bytes()?;
        Ok(self.digest_with(&state))
    }

    /// The bytes of the digest; `state` are those of the state as it is.
    pub(super) fn digest_with(&mut self, state: &[u8]) -> [u8; 32] {
        self.events.hash().chain_update([0xFF]).chain_update(state).finalize().into()
    }

    /// The symbol of each position there ever was.
    pub(crate) fn position_symbols(&self) -> HashMap<u64, u32> {
        let index = |(index, book): (usize, &Book)| {
            Some((book.symbol_text.bits(), u32::try_from(index).ok()?))
        };
        let texts: HashMap<u128, u32> = self.books.iter().enumerate().filter_map(index).collect();
        let trades = self.tables.trades.snapshot();
        let ids = counts(&trades, &TRADES, "position_id").into_iter();
        let closed = ids.zip(text_views(&trades, &TRADES, "symbol"));
        let closed = closed.filter_map(|(id, symbol)| Some((id, *texts.get(&symbol)?)));
        let open = self.positions.rows().iter().map(|row| (row.position_id, row.symbol));
        closed.chain(open).collect()
    }

    /// Applies the next recorded event, of a ledger whose events so far are these.
    ///
    /// # Errors
    /// When the bytes are no event, or the event is refused: why, in words.
    pub(crate) fn apply_recorded(
        &mut self,
        events: &mut RecordedEvents,
        decoder: &mut Decoder<'_>,
    ) -> Result<(), String> {
        let positions = &self.positions;
        let symbol_of = |id| positions.find(id).map(|(_, position)| position.symbol);
        let recorded = events.next(decoder, self.account.last_time, &symbol_of);
        let recorded = recorded.map_err(|Malformed| "its bytes are damaged".to_owned())?;
        let applied = match &recorded {
            Recorded::Event(Event::Open(open)) => {
                // A fill of a netting account that opened no position.
                let given = open.position_id.filter(|&id| id != 0);
                self.apply(&Event::Open(Open { position_id: given, ..*open }))
            }
            Recorded::Event(event) => self.apply(event),
            Recorded::Quotes { kind, time, quotes } => {
                let marks = Marks { time: Some(*time), quotes };
                self.apply(&match kind {
                    QuotesKind::Mark => Event::Mark(marks),
                    QuotesKind::Update => Event::UpdateEquity(marks),
                    QuotesKind::Process => Event::Quotes(marks),
                })
            }
            Recorded::Bars { time, path, bars } => {
                let (time, path) = (*time, Some(*path));
                self.apply(&Event::Bar(Bars { time, path, bars }))
            }
        };
        applied.map(|_| ()).map_err(|refusal| refusal.to_string())
    }

    /// A fresh ledger with the same configuration and the same events applied again.
    ///
    /// # Errors
    /// When the recorded bytes are damaged or an event is refused.
    pub fn replay(&self) -> Result<Self, Violation> {
        Replayer::new(&self.configuration)?.replay_all(self)
    }

    /// The same on the general way of every step, whatever the books are: it has to lead to the
    /// same account.
    ///
    /// # Errors
    /// As [`Ledger::replay`].
    pub fn replay_in_full(&self) -> Result<Self, Violation> {
        Replayer::recording(&self.configuration)?.replay_all(self)
    }

    /// Replays all events, compares account, state and every column of every table, and checks all
    /// invariants.
    ///
    /// # Errors
    /// What differs first, or the first invariant that does not hold.
    pub fn verify(&mut self) -> Result<(), Violation> {
        self.check_invariants()?;
        let fresh = self.replay()?;
        self.compare(fresh)
    }

    /// As [`Ledger::verify`], on the general way of every step.
    ///
    /// # Errors
    /// As [`Ledger::verify`].
    pub fn verify_in_full(&mut self) -> Result<(), Violation> {
        let fresh = self.replay_in_full()?;
        self.compare(fresh)
    }

    fn compare(&mut self, mut fresh: Self) -> Result<(), Violation> {
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
    fn new(configuration: &Configuration) -> Result<Self, Violation> {
        let configuration = Configuration { capacity: None, ..configuration.clone() };
        let ledger = Ledger::new(configuration).map_err(|refusal| broken(refusal.to_string()))?;
        Ok(Self { ledger, events: RecordedEvents::default() })
    }

    /// One that notes every fill. All of its books are general ones, whose fills are.
    pub(super) fn recording(configuration: &Configuration) -> Result<Self, Violation> {
        let mut replayer = Self::new(configuration)?;
        replayer.ledger.general = true;
        replayer.ledger.fills = Some(Vec::new());
        Ok(replayer)
    }

    /// Applies all events of a ledger again.
    pub(super) fn replay_all(mut self, original: &Ledger) -> Result<Ledger, Violation> {
        for chunk in original.events.chunks() {
            let mut decoder = Decoder(chunk);
            while !decoder.is_empty() {
                let number = self.ledger.account.events.wrapping_add(1);
                self.ledger
                    .apply_recorded(&mut self.events, &mut decoder)
                    .map_err(|reason| broken(format!("event {number}: {reason}")))?;
            }
        }
        Ok(self.ledger)
    }
}
