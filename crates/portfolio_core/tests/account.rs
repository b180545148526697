//! Accounts that are not plain ones, with figures worked out by hand: netting, other currencies,
//! margin and cost models, flows of time, corporate actions (SPEC sections 12 to 16 and 19).
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a failed test stops here, and its numbers are small"
)]

use arrow_array::cast::AsArray;
use arrow_array::types::Decimal128Type;
use portfolio_core::columns::schema::View;
use portfolio_core::currency::Currency;
use portfolio_core::event::{
    Cash, ChargeSwap, Close, CloseBy, Convert, Dividend, Event, Marks, Open, Protection, Quote,
    Receipt, Rollover, Side, Split,
};
use portfolio_core::export::TableSnapshot;
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Configuration, Ledger, Mode, OffGrid, Rounding};
use portfolio_core::numbers::{Money, Price, Size};
use portfolio_core::terms::{
    Basis, ChargedOn, Commission, CommissionKind, CommissionTier, Margin, MarginTier, Requirement,
    Swap, SwapKind, Terms,
};

const HOUR: i64 = 3_600_000_000;
/// Monday, 2024-01-01, 12:00 UTC.
const MONDAY: i64 = 1_704_110_400_000_000;
const ONE9: i128 = 1_000_000_000;

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

fn size(text: &str) -> Size {
    Size::parse(text).unwrap()
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

/// A ledger that is driven by short calls.
struct Desk(Ledger);

impl Desk {
    fn new(balance: &str) -> Self {
        Self::with(Configuration::new(money(balance)))
    }

    fn with(configuration: Configuration) -> Self {
        Self(Ledger::new(configuration).unwrap())
    }

    fn apply(&mut self, event: &Event<'_>) -> Receipt {
        self.0.apply(event).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// Refused with this code and argument, and nothing has changed.
    fn refuse(&mut self, event: &Event<'_>, code: u32, argument: &str) {
        let before = self.0.digest().unwrap();
        let refusal = self.0.apply(event).unwrap_err();
        let found = (refusal.code().number(), refusal.argument());
        assert_eq!(found, (code, argument), "{refusal}");
        assert_eq!(self.0.digest().unwrap(), before);
    }

    fn register(&mut self, symbol: &str, quote: &str, terms: Terms) {
        let instrument = Instrument {
            quote_currency: Some(currency(quote)),
            terms: Some(Box::new(terms)),
            ..Instrument::default_for(symbol)
        };
        self.apply(&Event::RegisterInstrument(instrument));
    }

    fn mark(&mut self, symbol: &str, bid: &str, ask: &str) {
        let quotes = [Quote { symbol, bid: price(bid), ask: price(ask) }];
        self.apply(&Event::Mark(Marks { time: None, quotes: &quotes }));
    }

    fn fill(&mut self, symbol: &str, side: Side, numbers: [&str; 2], time: i64) -> Receipt {
        self.apply(&Event::Open(fill(symbol, side, numbers, time)))
    }

    fn close(&mut self, position_id: u64, part: Option<&str>, at: &str, time: i64) -> Receipt {
        let (size, price, reason) = (part.map(size), price(at), "");
        let fee = None;
        self.apply(&Event::Close(Close { position_id, price, time, size, fee, reason }))
    }

    fn balance(&self) -> String {
        self.0.account().balance.to_string()
    }

    fn unrealized(&self) -> String {
        self.0.account().unrealized.to_string()
    }

    fn margin(&self) -> String {
        self.0.account().margin_used.to_string()
    }

    /// Replays, on the general way too, and holds the attribution against the equity.
    fn finish(mut self) {
        self.0.verify().unwrap_or_else(|violation| panic!("{violation}"));
        self.0.verify_in_full().unwrap_or_else(|violation| panic!("{violation}"));
        let table = self.0.attribution().unwrap().table(View::Exact).unwrap();
        let total: i128 = column(&table, "total").iter().sum();
        let initial = self.0.configuration().initial_balance;
        assert_eq!(total, self.0.account().equity.checked_sub(initial).unwrap().raw());
    }
}

fn fill<'a>(symbol: &'a str, side: Side, numbers: [&str; 2], time: i64) -> Open<'a> {
    Open {
        symbol,
        side,
        size: size(numbers[0]),
        price: price(numbers[1]),
        time,
        stop_loss: None,
        take_profit: None,
        fee: None,
        tag: "",
        position_id: None,
        protection: Protection::NONE,
    }
}

fn column(table: &TableSnapshot, name: &str) -> Vec<i128> {
    let place = table.schema.index_of(name).unwrap();
    let values = table
        .batches
        .iter()
        .flat_map(|batch| batch.column(place).as_primitive::<Decimal128Type>().values().to_vec());
    values.collect()
}

fn texts(table: &TableSnapshot, name: &str) -> Vec<String> {
    let place = table.schema.index_of(name).unwrap();
    let cells = table.batches.iter().flat_map(|batch| {
        let cells = batch.column(place).as_string_view();
        cells.iter().map(|cell| cell.unwrap().to_owned()).collect::<Vec<_>>()
    });
    cells.collect()
}

fn amounts(table: &TableSnapshot, name: &str) -> Vec<String> {
    let text = |raw| Money::from_raw(raw).unwrap().to_string();
    column(table, name).into_iter().map(text).collect()
}

#[test]
fn a_netting_account_has_one_position_a_symbol() {
    let configuration = Configuration { mode: Mode::Netting, ..Configuration::new(money("1000")) };
    let mut desk = Desk::with(configuration);
    assert_eq!(desk.fill("X", Side::Long, ["2", "100"], 1).position_id, 1);
    assert_eq!(desk.fill("X", Side::Long, ["1", "106"], 2).position_id, 1);
    let held = desk.0.positions().rows()[0];
    assert_eq!((held.entry_price, held.cost), (price("102"), money("306")));
    let given = Open { position_id: Some(9), ..fill("X", Side::Long, ["1", "100"], 2) };
    desk.refuse(&Event::Open(given), 4024, "position_id");
    let reduced = desk.fill("X", Side::Short, ["1", "110"], 3);
    assert_eq!((reduced.position_id, reduced.realized), (1, money("8")));
    // 2 are closed at -24 with 2 of the fee, 3 are opened with the rest.
    let turn = Open { fee: Some(money("5")), ..fill("X", Side::Short, ["5", "90"], 4) };
    let turned = desk.apply(&Event::Open(turn));
    assert_eq!((turned.position_id, turned.realized), (2, money("-24")));
    assert_eq!((desk.balance().as_str(), desk.margin().as_str()), ("979", "270"));
    let held = desk.0.positions().rows()[0];
    assert_eq!((held.side, held.size, held.entry_fee), (Side::Short, size("3"), money("3")));
    let trades = desk.0.trades(View::Exact).unwrap();
    assert_eq!(texts(&trades, "reason"), ["reduce", "flip"]);
    assert_eq!(amounts(&trades, "exit_fee"), ["0", "2"]);
    let fills = desk.0.fill_table(View::Exact).unwrap();
    assert_eq!(texts(&fills, "side"), ["buy", "buy", "sell", "sell", "sell"]);
    desk.finish();
}

#[test]
fn two_positions_are_closed_against_each_other() {
    let mut desk = Desk::new("1000");
    desk.fill("X", Side::Long, ["2", "10"], 1);
    desk.fill("X", Side::Short, ["3", "12"], 1);
    desk.fill("X", Side::Short, ["1", "12"], 1);
    let pair = |position_id, other_id, size| {
        Event::CloseBy(CloseBy { position_id, other_id, time: 2, size, fee: Some(money("1")) })
    };
    desk.refuse(&pair(1, 7, None), 4001, "other_id");
    desk.refuse(&pair(2, 3, None), 4024, "other_id");
    desk.refuse(&pair(1, 2, Some(size("2.5"))), 4003, "size");
    let receipt = desk.apply(&pair(1, 2, None));
    assert_eq!((receipt.realized, receipt.fee), (money("4"), money("1")));
    assert_eq!(desk.balance(), "1003");
    assert_eq!(desk.0.positions().find(2).unwrap().1.size, size("1"));
    desk.finish();
}

fn pair_of(base: &str) -> Terms {
    Terms { base_currency: Currency::parse(base), ..Terms::default() }
}

#[test]
fn results_are_converted_at_the_marks() {
    let mut desk = Desk::new("1000");
    desk.register("DAX", "EUR", Terms::default());
    desk.register("NIKKEI", "JPY", Terms::default());
    let open = fill("DAX", Side::Long, ["1", "100"], 1);
    desk.refuse(&Event::Open(open), 4025, "symbol");
    desk.register("EURUSD", "USD", pair_of("EUR"));
    desk.register("USDJPY", "JPY", pair_of("USD"));
    desk.mark("EURUSD", "1.10", "1.12");
    desk.mark("USDJPY", "160", "160");
    desk.apply(&Event::Open(open));
    assert_eq!(desk.margin(), "111");
    desk.mark("DAX", "110", "110");
    assert_eq!(desk.unrealized(), "11.1");
    desk.mark("EURUSD", "1.2", "1.2");
    assert_eq!((desk.unrealized().as_str(), desk.margin().as_str()), ("12", "120"));
    desk.fill("NIKKEI", Side::Short, ["1", "320"], 2);
    assert_eq!(desk.margin(), "122");
    desk.close(1, None, "110", 3);
    let trades = desk.0.trades(View::Exact).unwrap();
    assert_eq!(
        (amounts(&trades, "gross_pnl"), amounts(&trades, "fx_pnl")),
        (vec!["12".to_owned()], vec!["0.9".to_owned()])
    );
    let cash = desk.0.cash(View::Exact).unwrap();
    assert_eq!(texts(&cash, "path"), ["", "EURUSD", "1/USDJPY"]);
    assert_eq!(amounts(&cash, "rate"), ["1", "1.2", "0.00625"]);
    desk.finish();
}

#[test]
fn foreign_cash_has_a_cost() {
    let mut desk = Desk::new("1000");
    desk.register("EURUSD", "USD", pair_of("EUR"));
    let euros =
        |amount, time| Cash { amount: money(amount), time, currency: Some(currency("EUR")) };
    desk.refuse(&Event::Deposit(euros("100", 1)), 4025, "currency");
    desk.mark("EURUSD", "1.11", "1.11");
    desk.apply(&Event::Deposit(euros("100", 1)));
    assert_eq!(desk.balance(), "1111");
    desk.mark("EURUSD", "1.2", "1.2");
    assert_eq!(desk.unrealized(), "9");
    desk.refuse(&Event::Withdraw(euros("101", 2)), 4016, "amount");
    desk.apply(&Event::Withdraw(euros("50", 2)));
    assert_eq!((desk.balance().as_str(), desk.unrealized().as_str()), ("1055.5", "4.5"));
    let [from, to] = [currency("EUR"), currency("USD")];
    let exchange = Convert { amount: money("50"), from, to, time: 3, rate: Some(money("1.3")) };
    desk.refuse(&Event::Convert(Convert { to: from, ..exchange }), 4024, "to_currency");
    desk.refuse(&Event::Convert(Convert { rate: Some(money("0")), ..exchange }), 4005, "rate");
    desk.apply(&Event::Convert(exchange));
    assert_eq!((desk.balance().as_str(), desk.unrealized().as_str()), ("1065", "0"));
    let back = Convert { amount: money("12"), from: to, to: from, rate: None, ..exchange };
    desk.apply(&Event::Convert(back));
    let ledger = desk.0.postings(View::Exact).unwrap();
    assert_eq!(texts(&ledger, "kind"), ["deposit", "withdrawal", "fx", "fx"]);
    assert_eq!(amounts(&ledger, "amount"), ["111", "-60", "4.5", "9.5"]);
    let rows = desk.0.cash_postings(View::Exact).unwrap();
    assert_eq!(texts(&rows, "kind"), ["deposit", "withdrawal", "conversion", "conversion"]);
    // 12 dollars buy 12 / 1.2 euros at the rounded rate of 1 / 1.2.
    assert_eq!(amounts(&rows, "balance"), ["100", "50", "0", "9.999999999999999996"]);
    desk.finish();
}

#[test]
fn cents_are_booked_and_the_rest_is_carried() {
    let rounding = Rounding::Cents;
    let mut desk = Desk::with(Configuration { rounding, ..Configuration::new(money("100")) });
    for time in 1..=3 {
        let open = Open { fee: Some(money("0.005")), ..fill("X", Side::Long, ["1", "1"], time) };
        desk.apply(&Event::Open(open));
    }
    let ledger = desk.0.postings(View::Exact).unwrap();
    assert_eq!(amounts(&ledger, "amount"), ["0", "-0.01", "0"]);
    assert_eq!(amounts(&ledger, "residue"), ["-0.005", "0", "-0.005"]);
    assert_eq!((desk.balance().as_str(), desk.0.account().residue), ("99.99", money("-0.005")));
    desk.close(1, None, "1.003", 4);
    assert_eq!(desk.0.last_trade().gross_pnl, money("0.003"));
    assert_eq!((desk.balance().as_str(), desk.0.account().residue), ("99.99", money("-0.002")));
    desk.finish();
}

fn margin(requirement: Requirement, hedged: Option<i128>) -> Terms {
    let margin = Margin { requirement, basis: Basis::Open, hedged, in_base: false };
    Terms { margin: Some(margin), ..Terms::default() }
}

#[test]
fn margin_models() {
    let mut desk = Desk::new("1000");
    desk.register("H", "USD", margin(Requirement::Rate(ONE9 / 10), Some(ONE9 / 2)));
    desk.fill("H", Side::Long, ["3", "100"], 1);
    desk.fill("H", Side::Short, ["1", "100"], 1);
    assert_eq!(desk.margin(), "30");
    let tiers = vec![
        MarginTier { limit: Some(money("1000")), rate: ONE9 / 100 },
        MarginTier { limit: None, rate: ONE9 / 20 },
    ];
    desk.register("T", "USD", margin(Requirement::Tiers(tiers), None));
    desk.fill("T", Side::Long, ["15", "100"], 1);
    assert_eq!(desk.margin(), "65");
    desk.register("L", "USD", margin(Requirement::PerLot(money("7")), None));
    desk.fill("L", Side::Short, ["2", "100"], 1);
    let table = desk.0.margins(View::Exact).unwrap();
    assert_eq!(texts(&table, "model"), ["rate", "tiers", "per_lot"]);
    assert_eq!(amounts(&table, "margin"), ["30", "35", "14"]);
    assert_eq!(amounts(&table, "basis"), ["400", "1500", "2"]);
    desk.finish();
}

#[test]
fn commissions_by_volume_with_a_minimum() {
    let tier = |volume: Option<&str>, taker: &str| {
        let taker = price(taker).raw();
        CommissionTier { volume: volume.map(money), taker, maker: taker }
    };
    let commission = Commission {
        kind: CommissionKind::Rate,
        tiers: vec![tier(Some("1000"), "0.01"), tier(None, "0.001")],
        minimum: Some(money("0.5")),
        on: ChargedOn::Both,
    };
    let terms = Terms { commission: Some(commission), ..Terms::default() };
    let mut desk = Desk::new("10000");
    desk.register("X", "USD", terms);
    assert_eq!(desk.fill("X", Side::Long, ["10", "100"], 1).fee, money("10"));
    assert_eq!(desk.close(1, Some("4"), "100", 2).fee, money("0.5"), "0.4 is below the minimum");
    assert_eq!(desk.close(1, None, "200", 3).fee, money("1.2"));
    desk.finish();
}

fn swap(long: &str, short: &str) -> Terms {
    let swap = Swap {
        kind: SwapKind::Points,
        long: -price(long).raw(),
        short: price(short).raw(),
        rollovers: vec![17 * 60],
        zone: "UTC".to_owned(),
        multipliers: [1, 1, 3, 1, 1, 0, 0],
        day_count: 360,
    };
    Terms { swap: Some(swap), ..Terms::default() }
}

#[test]
fn swaps_are_charged_as_time_goes_by() {
    let mut desk = Desk::new("1000");
    desk.register("X", "USD", swap("0.5", "0.25"));
    desk.fill("X", Side::Long, ["2", "100"], MONDAY);
    desk.fill("X", Side::Short, ["1", "100"], MONDAY);
    let thursday = MONDAY + 72 * HOUR;
    // Refused: its flows have not happened.
    desk.refuse(&Event::Deposit(Cash::new(money("-1"), thursday)), 4009, "amount");
    // Monday and Tuesday once, Wednesday three times.
    desk.close(1, Some("1"), "100", thursday);
    assert_eq!(desk.0.last_trade().swap, money("-2.5"));
    assert_eq!(desk.balance(), "996.25");
    let ledger = desk.0.postings(View::Exact).unwrap();
    let expected = ["-1", "0.25", "-1", "0.25", "-3", "0.75", "0"];
    assert_eq!(amounts(&ledger, "amount"), expected);
    let roll = |time| Event::Rollover(Rollover { symbol: "X", time });
    desk.refuse(&roll(thursday + HOUR), 4028, "time");
    desk.apply(&roll(thursday + 5 * HOUR));
    assert_eq!(desk.balance(), "996", "-0.5 and 0.25");
    desk.refuse(&roll(thursday + 5 * HOUR), 4028, "time");
    let by_hand = ChargeSwap {
        symbol: "X",
        time: thursday + 5 * HOUR,
        kind: SwapKind::Funding,
        long: ONE9 / 100,
        short: 0,
        multiplier: 1,
    };
    desk.apply(&Event::ChargeSwap(by_hand));
    assert_eq!(desk.balance(), "997");
    desk.finish();
}

#[test]
fn dividends_are_accrued_until_they_are_paid() {
    let mut desk = Desk::new("1000");
    desk.fill("X", Side::Long, ["10", "20"], 1);
    desk.fill("X", Side::Short, ["4", "20"], 1);
    let paid = Dividend { symbol: "X", amount: price("0.3"), time: 5, pay_time: Some(9) };
    desk.refuse(&Event::Dividend(Dividend { pay_time: Some(4), ..paid }), 4006, "pay_time");
    desk.refuse(&Event::Dividend(Dividend { symbol: "Y", ..paid }), 4012, "symbol");
    desk.apply(&Event::Dividend(paid));
    assert_eq!((desk.balance().as_str(), desk.unrealized().as_str()), ("1000", "1.8"));
    desk.close(1, None, "20", 6);
    assert_eq!((desk.balance().as_str(), desk.unrealized().as_str()), ("1000", "1.8"));
    desk.apply(&Event::Dividend(Dividend { time: 9, pay_time: None, ..paid }));
    assert_eq!((desk.balance().as_str(), desk.unrealized().as_str()), ("1000.6", "0"));
    let ledger = desk.0.postings(View::Exact).unwrap();
    assert_eq!(amounts(&ledger, "amount"), ["0", "3", "-1.2", "-1.2"]);
    desk.finish();
}

#[test]
fn splits_pay_for_what_is_off_the_lot() {
    let mut desk = Desk::new("1000");
    let terms = Terms { lot_step: Some(size("1")), ..Terms::default() };
    desk.register("X", "USD", terms);
    desk.fill("X", Side::Long, ["5", "100"], 1);
    desk.mark("X", "90", "93");
    let split = Split { symbol: "X", numerator: 3, denominator: 2, time: 2 };
    desk.refuse(&Event::Split(Split { numerator: 0, ..split }), 4024, "numerator");
    desk.refuse(&Event::Split(Split { numerator: 2, ..split }), 4024, "denominator");
    desk.apply(&Event::Split(split));
    let held = desk.0.positions().rows()[0];
    assert_eq!((held.size, held.entry_price), (size("7"), price("66.666666667")));
    // Half a unit of 7.5 leaves: 30 for a cost of 500 / 15.
    assert_eq!(held.cost, money("466.666666666666666667"));
    assert_eq!(desk.balance(), "996.666666666666666667");
    assert_eq!(desk.unrealized(), "-46.666666666666666667");
    desk.apply(&Event::Split(Split { numerator: 1, denominator: 10, time: 3, ..split }));
    assert!(desk.0.positions().rows().is_empty());
    assert_eq!((desk.balance().as_str(), desk.unrealized().as_str()), ("950", "0"));
    desk.finish();
}

#[test]
fn inverse_contracts_earn_the_base_currency() {
    let configuration =
        Configuration { currency: currency("BTC"), ..Configuration::new(money("1")) };
    let mut desk = Desk::with(configuration);
    let terms = Terms { inverse: true, ..pair_of("BTC") };
    desk.register("XBTUSD", "USD", terms);
    desk.fill("XBTUSD", Side::Long, ["1000", "50000"], 1);
    assert_eq!(desk.margin(), "0.02");
    desk.mark("XBTUSD", "62500", "62500");
    assert_eq!(desk.unrealized(), "0.004");
    desk.close(1, Some("500"), "40000", 2);
    assert_eq!((desk.balance().as_str(), desk.unrealized().as_str()), ("0.9975", "0.002"));
    assert_eq!(desk.0.last_trade().mfe, money("0.002"));
    desk.finish();
}

#[test]
fn numbers_off_their_grids_are_rounded_and_counted() {
    let configuration =
        Configuration { off_grid: OffGrid::Round, ..Configuration::new(money("1000")) };
    let mut desk = Desk::with(configuration);
    let terms = Terms {
        tick_size: Some(price("0.25")),
        lot_step: Some(size("0.5")),
        min_size: Some(size("1")),
        ..Terms::default()
    };
    desk.register("X", "USD", terms);
    desk.fill("X", Side::Long, ["2.9", "10.375"], 1);
    let held = desk.0.positions().rows()[0];
    assert_eq!((held.size, held.entry_price), (size("2.5"), price("10.5")));
    desk.refuse(&Event::Open(fill("X", Side::Long, ["0.9", "10.1"], 1)), 4003, "size");
    desk.mark("X", "10.1", "10.1");
    assert_eq!(desk.0.rounded_count(), 3);
    desk.finish();
}

#[test]
fn a_margin_call_is_noted_once() {
    let margin_call = Some(100 * ONE9);
    let leverage = 10 * ONE9;
    let mut desk =
        Desk::with(Configuration { margin_call, leverage, ..Configuration::new(money("100")) });
    desk.fill("X", Side::Long, ["9", "100"], 1);
    for bid in ["99", "98", "97", "100", "98"] {
        desk.mark("X", bid, bid);
    }
    let activity = desk.0.activity(View::Exact).unwrap();
    assert_eq!(texts(&activity, "kind"), ["margin_call", "margin_call"]);
    desk.finish();
}
