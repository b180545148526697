//! Rates of exchange, which are marks, and cash in other currencies (rules W1 to W4, W7).

use super::Ledger;
use crate::book::Book;
use crate::currency::Currency;
use crate::numbers::{Money, Overflow, Price, mul_div_half_even};
use crate::refusal::Refusal;

/// What the account knows of other currencies.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Foreign {
    /// In order of appearance.
    pub(crate) list: Vec<Holding>,
    /// The books whose marks are rates, in order of registration.
    pairs: Vec<u32>,
}

/// A currency that was asked for, and what is held of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Holding {
    pub(crate) code: Currency,
    /// The pairs that its rate is made of; the second one only by way of the pivot.
    path: [Option<Leg>; 2],
    /// Account money per 1, at scale 18; 0 = none.
    pub(crate) rate: Money,
    /// What is held, in this currency.
    pub(crate) cash: Money,
    /// What that cost, in account money.
    pub(crate) cost: Money,
    /// What it adds to the unrealized result.
    pub(crate) above_cost: Money,
}

/// A mark that a question assumes of a book that has none.
pub(super) type Assumed = Option<(u32, Price)>;

/// A step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Leg {
    book: u32,
    /// Whether the pair says it the other way round.
    inverse: bool,
}

impl Holding {
    /// Whether it has a rate or had cash.
    pub(crate) fn is_shown(&self) -> bool {
        self.path != [None; 2] || !self.cash.is_zero()
    }
}

impl Foreign {
    /// A symbol was registered whose mark is a rate.
    pub(super) fn add_pair(&mut self, book: u32) {
        self.pairs.push(book);
    }

    pub(super) fn find(&self, code: Currency) -> Option<&Holding> {
        self.list.iter().find(|holding| holding.code == code)
    }
}

impl Ledger {
    /// The rate of a currency that is in use.
    pub(crate) fn rate(&self, code: Currency) -> Result<Money, Overflow> {
        if code == self.configuration.currency {
            return Ok(Money::ONE);
        }
        let found = self.foreign.find(code).map(|holding| holding.rate);
        found.filter(|rate| rate.is_positive()).ok_or(Overflow)
    }

    /// Rule W3 for a fill.
    pub(super) fn need_rates(&mut self, symbol: u32) -> Result<(), Refusal> {
        let general = self.book_at(symbol).and_then(|book| book.general.as_ref());
        let Some(general) = general else { return Ok(()) };
        for code in [general.profit, general.margin_currency] {
            self.need_rate(code, "symbol")?;
        }
        Ok(())
    }

    /// What 1 of the profit currency of a book is worth now (rule W3); nothing changes.
    pub(crate) fn rate_of_profits(&self, book: &Book) -> Result<Money, Refusal> {
        let account = self.configuration.currency;
        let currency = book.general.as_ref().map_or(account, |general| general.profit);
        let missing = Refusal::RateMissing { argument: "symbol", currency, account };
        self.rate_assuming(currency, None).ok_or(missing)
    }

    /// Rule W3 for an event that needs a rate: the currency is in use from now on.
    pub(super) fn need_rate(
        &mut self,
        code: Currency,
        argument: &'static str,
    ) -> Result<Money, Refusal> {
        self.ask_for(code);
        self.rate(code).map_err(|Overflow| {
            let account = self.configuration.currency;
            Refusal::RateMissing { argument, currency: code, account }
        })
    }

    /// A currency appears; its path is chosen if the marks make one possible (rule W2).
    pub(super) fn ask_for(&mut self, code: Currency) {
        if code == self.configuration.currency || self.foreign.find(code).is_some() {
            return;
        }
        let path = self.find_path(code, None).unwrap_or_default();
        let rate = self.rate_of(path, None).unwrap_or_default();
        let [cash, cost, above_cost] = [Money::ZERO; 3];
        let holding = Holding { code, path, rate, cash, cost, above_cost };
        self.foreign_mut().list.push(holding);
    }

    /// The cash of other currencies, to be changed; scopes keep what it was.
    pub(super) fn foreign_mut(&mut self) -> &mut Foreign {
        if let Some(scope) = self.undo.as_mut().and_then(|undo| undo.scopes.last_mut()) {
            scope.keep_foreign(&self.foreign);
        }
        &mut self.foreign
    }

    /// The rate that a currency has, or would have if a book without a mark had the assumed one.
    pub(super) fn rate_assuming(&self, code: Currency, assumed: Assumed) -> Option<Money> {
        if code == self.configuration.currency {
            return Some(Money::ONE);
        }
        match self.foreign.find(code).filter(|holding| holding.path != [None; 2]) {
            Some(holding) => Some(holding.rate).filter(|rate| rate.is_positive()),
            None => self.rate_of(self.find_path(code, assumed)?, assumed),
        }
    }

    /// Rule W2.
    fn find_path(&self, code: Currency, assumed: Assumed) -> Option<[Option<Leg>; 2]> {
        let (account, pivot) = (self.configuration.currency, self.configuration.pivot);
        let find = |from, to| self.find_leg((from, to), assumed);
        if let Some(leg) = find(code, account) {
            return Some([Some(leg), None]);
        }
        if pivot == code || pivot == account {
            return None;
        }
        Some([Some(find(code, pivot)?), Some(find(pivot, account)?)])
    }

    fn find_leg(&self, (from, to): (Currency, Currency), assumed: Assumed) -> Option<Leg> {
        let find = |wanted: (Currency, Currency)| {
            self.foreign.pairs.iter().copied().find(|&index| {
                let book = self.book_at(index).and_then(|book| book.general.as_ref());
                book.and_then(|general| general.pair) == Some(wanted)
                    && self.mark_of(index, assumed).is_some()
            })
        };
        let direct = find((from, to)).map(|book| Leg { book, inverse: false });
        direct.or_else(|| find((to, from)).map(|book| Leg { book, inverse: true }))
    }

    /// Bid and ask of a book, if it has a mark.
    fn mark_of(&self, index: u32, assumed: Assumed) -> Option<(Price, Price)> {
        match (self.book_at(index)?, assumed) {
            (book, _) if book.is_marked() => Some((book.bid, book.ask)),
            (_, Some((assumed, price))) if assumed == index => Some((price, price)),
            _ => None,
        }
    }

    /// The rate along a path; nothing when it is 0 or too large.
    fn rate_of(&self, path: [Option<Leg>; 2], assumed: Assumed) -> Option<Money> {
        let [first, second] = path;
        let mut rate = self.rate_of_leg(first?, assumed)?;
        if let Some(second) = second {
            rate = rate.at_rate(self.rate_of_leg(second, assumed)?).ok()?;
        }
        rate.is_positive().then_some(rate)
    }

    /// The middle of the mark, exact, or 1 / middle.
    fn rate_of_leg(&self, leg: Leg, assumed: Assumed) -> Option<Money> {
        const HALF: i128 = 500_000_000;
        let (bid, ask) = self.mark_of(leg.book, assumed)?;
        let middle = bid.raw().checked_add(ask.raw())?.checked_mul(HALF)?;
        let middle = Money::from_raw(middle).ok().filter(|middle| middle.is_positive())?;
        if !leg.inverse {
            return Some(middle);
        }
        let one = Money::ONE.raw();
        Money::from_raw(mul_div_half_even(one, one, middle.raw()).ok()?).ok()
    }

    /// Brings the rates up to date with the marks; answers which currencies have moved.
    pub(super) fn move_rates(&mut self) -> Result<Vec<Currency>, Overflow> {
        let mut moved = Vec::new();
        for place in 0..self.foreign.list.len() {
            let Some(holding) = self.foreign.list.get(place) else { continue };
            let (code, before, old) = (holding.code, holding.rate, holding.path);
            let path =
                if old == [None; 2] { self.find_path(code, None).unwrap_or(old) } else { old };
            let rate = match self.rate_of(path, None) {
                Some(rate) => rate,
                None if self.is_in_use(holding) => return Err(Overflow),
                None => Money::ZERO,
            };
            if (rate, path) != (before, old)
                && let Some(holding) = self.foreign_mut().list.get_mut(place)
            {
                (holding.rate, holding.path) = (rate, path);
                moved.push(code);
            }
        }
        Ok(moved)
    }

    /// Whether there is cash in a currency, or an open position with results or margin in it.
    fn is_in_use(&self, holding: &Holding) -> bool {
        let uses = |book: &Book| {
            let general = book.general.as_ref();
            book.holds_any()
                && general.is_some_and(|general| {
                    [general.profit, general.margin_currency].contains(&holding.code)
                })
        };
        !holding.cash.is_zero() || self.books.iter().any(uses)
    }

    /// What the path of a currency gives at the marks; 0 without one.
    pub(super) fn rate_by_marks(&self, holding: &Holding) -> Money {
        self.rate_of(holding.path, None).unwrap_or_default()
    }

    /// The path of a currency as text (rule W10).
    pub(crate) fn path_text(&self, holding: &Holding) -> String {
        let leg = |leg: Leg| {
            let symbol = self.book_at(leg.book).map(|book| book.instrument.symbol.as_str());
            let symbol = symbol.unwrap_or_default();
            if leg.inverse { format!("1/{symbol}") } else { symbol.to_owned() }
        };
        let legs: Vec<String> = holding.path.into_iter().flatten().map(leg).collect();
        legs.join("*")
    }
}
