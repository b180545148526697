//! What may stand in a case file: statements with their keys, tables with their columns.

/// What a value of an expectation is.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Number,
    Whole,
    Text,
    Hash,
}

use Kind::{Hash, Number, Text, Whole};

pub(crate) type Keys = &'static [(&'static str, Kind)];

/// The tables and their columns (SPEC section 7).
pub(crate) const TABLES: [(&str, Keys); 4] = [
    (
        "equity",
        &[
            ("time", Whole),
            ("equity", Number),
            ("balance", Number),
            ("unrealized_pnl", Number),
            ("margin_used", Number),
            ("gross_exposure", Number),
            ("net_exposure", Number),
        ],
    ),
    ("trades", TRADE_KEYS),
    (
        "ledger",
        &[
            ("event", Whole),
            ("time", Whole),
            ("kind", Text),
            ("symbol", Text),
            ("position_id", Whole),
            ("amount", Number),
            ("balance", Number),
        ],
    ),
    (
        "positions",
        &[
            ("position_id", Whole),
            ("symbol", Text),
            ("side", Text),
            ("size", Number),
            ("entry_time", Whole),
            ("entry_price", Number),
            ("stop_loss", Number),
            ("take_profit", Number),
            ("mark_price", Number),
            ("cost", Number),
            ("unrealized_pnl", Number),
            ("margin", Number),
            ("entry_fee", Number),
            ("tag", Text),
        ],
    ),
];

pub(crate) const TRADE_KEYS: Keys = &[
    ("trade_id", Whole),
    ("position_id", Whole),
    ("symbol", Text),
    ("side", Text),
    ("size", Number),
    ("entry_time", Whole),
    ("entry_price", Number),
    ("exit_time", Whole),
    ("exit_price", Number),
    ("gross_pnl", Number),
    ("entry_fee", Number),
    ("exit_fee", Number),
    ("net_pnl", Number),
    ("cost", Number),
    ("mae", Number),
    ("mfe", Number),
    ("stop_loss", Number),
    ("take_profit", Number),
    ("tag", Text),
    ("reason", Text),
];

pub(crate) const EXPECT_KEYS: Keys = &[
    ("balance", Number),
    ("equity", Number),
    ("unrealized_pnl", Number),
    ("realized_pnl", Number),
    ("margin_used", Number),
    ("free_margin", Number),
    ("margin_level", Number),
    ("time", Whole),
    ("events", Whole),
    ("digest", Hash),
    ("positions", Whole),
    ("trades", Whole),
    ("ledger", Whole),
    ("equity_rows", Whole),
];

/// Keys whose value may be absent in an expectation.
pub(crate) const OPTIONAL_KEYS: [&str; 2] = ["margin_level", "time"];

/// Keys of a call whose value is an integer.
pub(crate) const WHOLE_KEYS: [&str; 4] = ["time", "position_id", "price_decimals", "size_decimals"];

/// What a call gives back.
#[derive(Clone, Copy)]
pub(crate) enum Gives {
    Nothing,
    Id,
    Amount,
    Trade,
}

/// What may stand on a line that starts with `word`.
pub(crate) struct Form {
    pub(crate) word: &'static str,
    pub(crate) names: &'static [&'static str],
    pub(crate) required: &'static [&'static str],
    pub(crate) optional: &'static [&'static str],
    pub(crate) quotes: bool,
    pub(crate) gives: Gives,
}

const FORM: Form = Form {
    word: "",
    names: &[],
    required: &[],
    optional: &[],
    quotes: false,
    gives: Gives::Nothing,
};

pub(crate) const FORMS: [Form; 11] = [
    Form {
        word: "account",
        required: &["balance"],
        optional: &["currency", "leverage", "mode", "floats"],
        ..FORM
    },
    Form {
        word: "instrument",
        names: &["symbol"],
        optional: &[
            "price_decimals",
            "size_decimals",
            "contract_size",
            "quote_currency",
            "leverage",
        ],
        ..FORM
    },
    Form {
        word: "open",
        names: &["symbol", "side"],
        required: &["size", "price", "time"],
        optional: &["stop_loss", "take_profit", "fee", "tag", "position_id"],
        gives: Gives::Id,
        ..FORM
    },
    Form {
        word: "close",
        names: &["position_id"],
        required: &["price", "time"],
        optional: &["size", "fee", "reason"],
        gives: Gives::Trade,
        ..FORM
    },
    Form {
        word: "modify",
        names: &["position_id"],
        required: &["time"],
        optional: &["stop_loss", "take_profit"],
        ..FORM
    },
    Form { word: "mark", optional: &["time"], quotes: true, ..FORM },
    Form { word: "update_equity", required: &["time"], quotes: true, ..FORM },
    Form {
        word: "fee",
        names: &["amount"],
        required: &["time"],
        optional: &["position_id"],
        ..FORM
    },
    Form { word: "deposit", names: &["amount"], required: &["time"], ..FORM },
    Form { word: "withdraw", names: &["amount"], required: &["time"], ..FORM },
    Form { word: "margin", optional: &["size", "price"], gives: Gives::Amount, ..FORM },
];
