//! Random lives with every action, as rows of frames.

use portfolio_core::event::Path;
use portfolio_core::frame::OnError;
use portfolio_core::ledger::{Configuration, Ledger, Mode, OffGrid, Rounding};
use portfolio_core::numbers::{Money, format_fixed};

use crate::frame_rows::{apply, configuration};
use crate::random::Random;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
const SYMBOLS: [&str; 4] = ["ACME", "EURUSD", "LATE", "JPYX"];
const PATHS: [&str; 4] = ["pessimistic", "optimistic", "ohlc", "olhc"];

/// Ticks of 0.05, lots of 0.1, commission per lot, random slippage, and swaps in Berlin.
const ACME: &str = "register symbol=ACME price_decimals=2 size_decimals=2 terms=\
    80e1eb1780c2d72f00000000000100008080b8e4a1a8d8f801ffff87fccd\
    bcc3230000048084af5f0b02ffc1d72f80b4891302ba04fc070d4575726f\
    70652f4265726c696e01010301010000e802";
/// A pair with margin in tiers.
const EURUSD: &str = "register symbol=EURUSD price_decimals=5 size_decimals=2 \
    quote_currency=USD terms=\
    0000000003455552000402808080f5ddb8ebe4b56c80dac4090080c2d72f\
    0181cab5ee0100000000";
const JPYX: &str =
    "register symbol=JPYX price_decimals=3 quote_currency=EUR contract_size=0.5 leverage=7";

fn option_of(random: &mut Random) -> Configuration {
    Configuration {
        leverage: [5, 20][index(random, 2)] * 1_000_000_000,
        mode: [Mode::Hedging, Mode::Netting][index(random, 2)],
        rounding: [Rounding::Exact, Rounding::Cents][index(random, 2)],
        off_grid: [OffGrid::Refuse, OffGrid::Round][index(random, 2)],
        path: [Path::Pessimistic, Path::Optimistic, Path::Ohlc, Path::Olhc][index(random, 4)],
        stop_out: [None, Some(50_000_000_000)][index(random, 2)],
        margin_call: [None, Some(120_000_000_000)][index(random, 2)],
        initial_balance: Money::parse("3000").unwrap(),
        ..configuration()
    }
}

pub(crate) fn index(random: &mut Random, bound: u64) -> usize {
    usize::try_from(random.below(bound)).unwrap()
}

/// Draws rows of which most are accepted.
pub(crate) struct Source {
    pub(crate) random: Random,
    pub(crate) time: i64,
}

impl Source {
    fn below(&mut self, bound: u64) -> i64 {
        i64::try_from(self.random.below(bound)).unwrap()
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.random.below(many) == 0
    }

    fn symbol(&mut self) -> &'static str {
        SYMBOLS[index(&mut self.random, 4)]
    }

    /// A price around 1 or around 50.
    fn price(&mut self, symbol: &str, low: i64, high: i64) -> String {
        let hundredths = low + self.below(u64::try_from(high - low).unwrap() + 1);
        let unit = if symbol == "EURUSD" { 1 } else { 50 };
        format_fixed(i128::from(hundredths * unit), 2, 0)
    }

    fn size(&mut self) -> String {
        format_fixed(i128::from(1 + self.below(30)), 1, 0)
    }

    /// Cells of levels and protection, each of them now and then.
    fn protection(&mut self, symbol: &str) -> String {
        let unit = if symbol == "EURUSD" { 1 } else { 50 };
        let step = |steps: i64| format_fixed(i128::from(steps * unit), 2, 0);
        let mut cells = String::new();
        let mut add = |cell: String| cells = format!("{cells} {cell}");
        if self.one_in(3) {
            add(format!("stop_loss={}", self.price(symbol, 80, 90)));
        }
        if self.one_in(3) {
            add(format!("take_profit={}", self.price(symbol, 110, 120)));
        }
        if self.one_in(3) {
            add(format!("trailing={}", step(1 + self.below(9))));
        }
        if self.one_in(3) {
            let (trigger, offset) = (step(3 + self.below(3)), step(self.below(3)));
            add(format!("break_even={trigger} break_even_offset={offset}"));
        }
        if self.one_in(3) {
            let (near, far) = (self.price(symbol, 105, 112), self.price(symbol, 108, 118));
            add(format!("targets={near}:0.1;{far}:0.1"));
        }
        if self.one_in(3) {
            add(format!(
                "exit_time={}",
                self.time + [0, MINUTE, 500 * MINUTE][index(&mut self.random, 3)]
            ));
        }
        cells
    }

    /// A part of them that is removed.
    fn removal(&mut self) -> &'static str {
        let cells =
            ["", " stop_loss=0", " trailing=0", " break_even=0", " targets=", " exit_time=0"];
        cells[index(&mut self.random, 6)]
    }

    fn open(&mut self) -> String {
        let (symbol, time) = (self.symbol(), self.time);
        let (size, price) = (self.size(), self.price(symbol, 85, 115));
        let side = ["long", "buy", "short"][index(&mut self.random, 3)];
        let mut row = format!("open time={time} symbol={symbol} side={side} size={size}");
        row = format!("{row} price={price}{}", self.protection(symbol));
        if self.one_in(3) {
            row += " fee=0.12 tag=a_tag_that_is_not_inline";
        }
        if self.one_in(5) {
            row = format!("{row} position_id={}", 1 + self.below(60));
        }
        row
    }

    fn order(&mut self) -> String {
        let (symbol, time) = (self.symbol(), self.time);
        let (size, price) = (self.size(), self.price(symbol, 85, 115));
        let side = ["buy", "sell"][index(&mut self.random, 2)];
        let mut row = format!("order time={time} symbol={symbol} side={side} size={size}");
        row = match self.random.below(4) {
            0 => format!("{row} type=market"),
            1 => format!("{row} type=stop price={price}"),
            _ => format!("{row} price={price}"),
        };
        row += &self.protection(symbol);
        if self.one_in(3) {
            row = format!("{row} oco=g tag=o expiry={}", time + 300 * MINUTE);
        }
        row
    }

    /// Rows of one event, numbered.
    fn quoted(&mut self, number: usize) -> Vec<String> {
        let action = ["mark", "update", "quotes"][index(&mut self.random, 3)];
        let time = self.time;
        let count = self.below(4);
        let one = |source: &mut Self| {
            let symbol = source.symbol();
            let price = source.price(symbol, 85, 115);
            let cells = if source.one_in(2) {
                format!("price={price}")
            } else {
                format!("bid={price} ask={}", source.price(symbol, 115, 117))
            };
            format!("{action} time={time} symbol={symbol} {cells}")
        };
        match count {
            0 => vec![format!("{action} time={time}")],
            1 => vec![one(self)],
            _ => (0..count).map(|_| format!("{} event={number}", one(self))).collect(),
        }
    }

    fn bars(&mut self, number: usize) -> Vec<String> {
        self.time += 1;
        let path = index(&mut self.random, 5);
        let path = PATHS.get(path).map_or(String::new(), |path| format!(" path={path}"));
        let head = format!("bar time={}{path}", self.time);
        let first = index(&mut self.random, 4);
        let one = |source: &mut Self, place: usize| {
            let symbol = SYMBOLS[(first + place) % 4];
            let mut prices = [0; 4].map(|_| 85 + source.below(31));
            prices.sort_unstable();
            let unit = if symbol == "EURUSD" { 1 } else { 50 };
            let [low, open, close, high] =
                prices.map(|price| format_fixed(i128::from(price * unit), 2, 0));
            let cells = format!("symbol={symbol} open={open} high={high} low={low} close={close}");
            let spread = if source.one_in(2) { " spread=0.05" } else { "" };
            format!("{head} {cells}{spread}")
        };
        match self.below(4) {
            0 => vec![head],
            1 => vec![one(self, 0)],
            _ => (0..2).map(|place| format!("{} event={number}", one(self, place))).collect(),
        }
    }

    fn cash(&mut self) -> String {
        let (time, amount) = (self.time, format_fixed(i128::from(1 + self.below(9_999)), 2, 0));
        let currency = ["", " currency=EUR", " currency=USD"][index(&mut self.random, 3)];
        match self.random.below(3) {
            0 => format!("deposit time={time} amount={amount}{currency}"),
            1 => format!("withdraw time={time} amount={amount}{currency}"),
            _ => {
                let pair =
                    ["from_currency=USD to_currency=EUR", "from_currency=EUR to_currency=USD"];
                let rate = ["", " rate=1.05"][index(&mut self.random, 2)];
                let pair = pair[index(&mut self.random, 2)];
                format!("convert time={time} amount={amount} {pair}{rate}")
            }
        }
    }

    fn corporate(&mut self) -> String {
        let symbol = self.symbol();
        let kind = ["points", "rate", "funding"][index(&mut self.random, 3)];
        match self.random.below(4) {
            0 => format!("swap time={} symbol={symbol} long=-0.01 short=1 kind={kind}", self.time),
            1 => {
                self.time = (self.time / DAY + 1) * DAY + 16 * 60 * MINUTE;
                format!("rollover time={} symbol=ACME", self.time)
            }
            2 => {
                let later = self.time + [0, 900 * MINUTE][index(&mut self.random, 2)];
                let pay = [String::new(), format!(" pay_time={later}")];
                let pay = &pay[index(&mut self.random, 2)];
                format!("dividend time={} symbol={symbol} price=0.125{pay}", self.time)
            }
            _ => {
                let units = ["numerator=3 denominator=2", "numerator=2 denominator=3"];
                let units = units[index(&mut self.random, 2)];
                format!("split time={} symbol={symbol} {units}", self.time)
            }
        }
    }

    fn position(&mut self) -> i64 {
        1 + self.below(30)
    }

    pub(crate) fn rows(&mut self, count: usize) -> Vec<String> {
        let mut rows = Vec::new();
        for number in 0..count {
            self.time += [0, 1, MINUTE, 200 * MINUTE][index(&mut self.random, 4)];
            let (time, position) = (self.time, self.position());
            match self.random.below(40) {
                0..8 => rows.push(self.open()),
                8..11 => {
                    let price = self.price("ACME", 85, 115);
                    let size = if self.one_in(2) {
                        format!(" size={}", self.size())
                    } else {
                        String::new()
                    };
                    rows.push(format!(
                        "close time={time} position_id={position} price={price}{size}"
                    ));
                }
                11..14 => {
                    let cells = self.protection("ACME");
                    let removed = if cells.is_empty() { self.removal() } else { "" };
                    rows.push(format!("modify time={time} position_id={position}{cells}{removed}"));
                }
                14..18 => rows.extend(self.quoted(number)),
                18..24 => rows.extend(self.bars(number)),
                24..30 => rows.push(self.order()),
                30 => rows.push(format!("cancel time={time} order_id={}", self.position())),
                31..34 => {
                    let other = self.position();
                    rows.push(format!(
                        "close_by time={time} position_id={position} other_id={other}"
                    ));
                }
                34..37 => rows.push(self.cash()),
                37 => rows.push(format!("fee time={time} fee=0.33")),
                _ => rows.push(self.corporate()),
            }
        }
        rows
    }
}

/// An account with its instruments and some life behind it, and the source of more.
pub(crate) fn grown(seed: u64) -> (Ledger, Source) {
    let mut random = Random(seed);
    let mut ledger = Ledger::new(option_of(&mut random)).unwrap();
    apply(&mut ledger, &[ACME, EURUSD, JPYX], OnError::Raise)
        .unwrap_or_else(|error| panic!("{error}"));
    apply(&mut ledger, &["mark time=0 symbol=EURUSD price=1.1"], OnError::Raise).unwrap();
    let mut source = Source { random, time: 1 };
    let count = index(&mut source.random, 80);
    let rows = source.rows(count);
    if !rows.is_empty() {
        apply(&mut ledger, &rows, OnError::Record).unwrap();
    }
    (ledger, source)
}
