//! The runs of a batch, and what all of them share (rules R3 and R4).

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::bars::BarTable;
use super::orders::{OrderRow, OrderTable, RunRows, Targets};
use super::params::ParamTable;
use super::{BatchError, Fill, Overrides};
use crate::event::Event;
use crate::instrument::Instrument;
use crate::ledger::{Configuration, Ledger};
use crate::metrics;
use crate::refusal::Refusal;
use crate::terms::{Commission, Slippage, Swap, Terms};

/// Costs that take the place of every instrument's own; what is not there stays the instrument's.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Costs {
    /// What a fill is charged.
    pub commission: Option<Commission>,
    /// How much worse than asked for a fill is.
    pub slippage: Option<Slippage>,
    /// What a position pays overnight.
    pub swap: Option<Swap>,
}

impl Costs {
    fn is_none(&self) -> bool {
        self.commission.is_none() && self.slippage.is_none() && self.swap.is_none()
    }

    /// An instrument with these costs.
    fn put_into(&self, instrument: &mut Instrument) {
        let terms = instrument.terms.get_or_insert_with(|| Box::new(Terms::default()));
        if let Some(commission) = &self.commission {
            terms.commission = Some(commission.clone());
        }
        if let Some(slippage) = self.slippage {
            terms.slippage = Some(slippage);
        }
        if let Some(swap) = &self.swap {
            terms.swap = Some(swap.clone());
        }
    }
}

/// What holds for every run that does not override it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The account.
    pub configuration: Configuration,
    /// What is registered first, in this order.
    pub instruments: Vec<Instrument>,
    /// Costs of every instrument.
    pub costs: Costs,
    /// When rows are carried out.
    pub fill: Fill,
    /// What the metrics depend on.
    pub metrics: metrics::Options,
}

impl Settings {
    /// Asks whether there can be an account of these settings with these instruments, and with a
    /// default one, as the other symbols of the bars are, when there are costs.
    ///
    /// # Errors
    /// The first refusal: of the account, of an instrument, or of the costs.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut ledger =
            Ledger::new(Configuration { capacity: None, ..self.configuration.clone() })?;
        for instrument in &self.instruments {
            let mut instrument = instrument.clone();
            if !self.costs.is_none() {
                self.costs.put_into(&mut instrument);
            }
            ledger.apply(&Event::RegisterInstrument(instrument))?;
        }
        if !self.costs.is_none() {
            // Other symbols have these costs, too, so they are asked for without any instrument.
            let mut other = Instrument::default_for("OTHER");
            self.costs.put_into(&mut other);
            let configuration = Configuration { capacity: None, ..self.configuration.clone() };
            Ledger::new(configuration)?.apply(&Event::RegisterInstrument(other))?;
        }
        Ok(())
    }
}

/// A run among the others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RunPlan {
    run_id: u32,
    /// Its row of the parameters, if there are any.
    params: Option<usize>,
    /// Its rows of the orders.
    places: Range<usize>,
}

/// Many runs over the same bars.
#[derive(Debug, Clone)]
pub struct Batch {
    bars: Arc<BarTable>,
    orders: Arc<OrderTable>,
    params: Option<ParamTable>,
    settings: Settings,
    runs: Vec<RunPlan>,
    places: HashMap<u32, usize>,
    /// The instruments of a run without costs of its own.
    instruments: Vec<Instrument>,
}

/// One run: what it starts from, and its rows.
#[derive(Debug, Clone)]
pub struct Run<'b> {
    /// Its number.
    pub run_id: u32,
    /// The bars that all runs share.
    pub bars: &'b BarTable,
    /// The account.
    pub configuration: Configuration,
    /// What is registered before the first bar, with the run's costs.
    pub instruments: Cow<'b, [Instrument]>,
    /// When its rows are carried out.
    pub fill: Fill,
    /// What its metrics depend on.
    pub metrics: &'b metrics::Options,
    pub(super) orders: &'b OrderTable,
    pub(super) overrides: Overrides,
    pub(super) places: Range<usize>,
}

impl Run<'_> {
    /// How many rows it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether it has no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Its rows by time, then row, as it has them.
    pub fn rows(&self) -> impl Iterator<Item = OrderRow<'_>> {
        self.places.clone().map(|place| self.overrides.apply(self.orders.row(place)))
    }

    /// The tag of one of its rows.
    pub(super) fn tag(&self, place: usize) -> &str {
        self.orders.tag(self.places.start.saturating_add(place))
    }

    /// Whether any row of the orders has a tag.
    pub(super) const fn has_tags(&self) -> bool {
        !self.orders.cells.tag.is_empty()
    }

    /// Its rows, if they may all be targets of sizes of 64 bits.
    pub(super) fn targets(&self) -> Option<Targets<'_>> {
        let size = self.overrides.size.map(|size| i64::try_from(size.raw()));
        let (size, rule) = (size.transpose().ok()?, self.overrides.rule);
        Some(Targets { orders: self.orders, places: self.places.clone(), size, rule })
    }

    /// One of its rows.
    #[must_use]
    pub fn row(&self, place: usize) -> OrderRow<'_> {
        let place = self.places.start.saturating_add(place);
        self.overrides.apply(self.orders.row(place))
    }
}

impl Batch {
    /// The runs of these frames.
    ///
    /// # Errors
    /// What breaks rule R3: a `run_id` that only one of the frames has; a run
    /// whose account cannot be (rule A1).
    pub fn new(
        bars: Arc<BarTable>,
        orders: Arc<OrderTable>,
        params: Option<ParamTable>,
        settings: Settings,
    ) -> Result<Self, Box<BatchError>> {
        let runs = plans(&orders, params.as_ref())?;
        let places = runs.iter().enumerate().map(|(place, run)| (run.run_id, place)).collect();
        let settings = Settings {
            // Of a trial among trials each run is one; what they are together is not its own.
            metrics: metrics::Options { trials: None, ..settings.metrics },
            ..settings
        };
        let instruments = instruments_with(&settings, &bars, &settings.costs);
        let batch = Self { bars, orders, params, settings, runs, places, instruments };
        batch.check_accounts()?;
        Ok(batch)
    }

    /// How many runs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether there is no run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The number of the run at a place.
    #[must_use]
    pub fn run_id(&self, place: usize) -> Option<u32> {
        self.runs.get(place).map(|run| run.run_id)
    }

    /// The place of a run.
    #[must_use]
    pub fn place_of(&self, run_id: u32) -> Option<usize> {
        self.places.get(&run_id).copied()
    }

    /// The bars.
    #[must_use]
    pub fn bars(&self) -> &BarTable {
        &self.bars
    }

    /// The orders.
    #[must_use]
    pub fn orders(&self) -> &OrderTable {
        &self.orders
    }

    /// The parameters, if there are any.
    #[must_use]
    pub const fn params(&self) -> Option<&ParamTable> {
        self.params.as_ref()
    }

    /// What the runs share.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The run at a place.
    #[must_use]
    pub fn run(&self, place: usize) -> Option<Run<'_>> {
        let plan = self.runs.get(place)?;
        let overrides = self.overrides(plan);
        let own = overrides.commission.is_some() || overrides.slippage.is_some();
        let instruments = if own {
            let costs = Costs {
                commission: overrides.commission.clone().or(self.settings.costs.commission.clone()),
                slippage: overrides.slippage.or(self.settings.costs.slippage),
                swap: self.settings.costs.swap.clone(),
            };
            Cow::Owned(instruments_with(&self.settings, &self.bars, &costs))
        } else {
            Cow::Borrowed(self.instruments.as_slice())
        };
        Some(Run {
            run_id: plan.run_id,
            bars: &self.bars,
            configuration: self.configuration(&overrides),
            instruments,
            fill: overrides.fill.unwrap_or(self.settings.fill),
            metrics: &self.settings.metrics,
            orders: &self.orders,
            overrides,
            places: plan.places.clone(),
        })
    }

    fn overrides(&self, plan: &RunPlan) -> Overrides {
        let params = self.params.as_ref().zip(plan.params);
        params.map_or_else(Overrides::default, |(params, row)| params.overrides(row))
    }

    fn configuration(&self, overrides: &Overrides) -> Configuration {
        let common = &self.settings.configuration;
        Configuration {
            initial_balance: overrides.initial_balance.unwrap_or(common.initial_balance),
            leverage: overrides.leverage.unwrap_or(common.leverage),
            mode: overrides.mode.unwrap_or(common.mode),
            path: overrides.path.unwrap_or(common.path),
            margin_call: overrides.margin_call.or(common.margin_call),
            stop_out: overrides.stop_out.or(common.stop_out),
            // A row of the equity history for each moment; with quotes at closes a few more.
            capacity: Some(self.bars.moments.len().max(1)),
            ..common.clone()
        }
    }

    /// Rule A1 for every run.
    fn check_accounts(&self) -> Result<(), Box<BatchError>> {
        for plan in &self.runs {
            let Some(row) = plan.params else { continue };
            let configuration = self.configuration(&self.overrides(plan));
            let made = Ledger::new(Configuration { capacity: None, ..configuration });
            if let Err(refusal) = made {
                return Err(BatchError::refused("params", row, refusal.argument(), &refusal));
            }
        }
        Ok(())
    }
}

/// What is registered before the first bar (rule R4).
fn instruments_with(settings: &Settings, bars: &BarTable, costs: &Costs) -> Vec<Instrument> {
    let mut instruments = settings.instruments.clone();
    if costs.is_none() {
        return instruments;
    }
    let given: HashSet<&str> =
        settings.instruments.iter().map(|instrument| instrument.symbol.as_str()).collect();
    let others = bars.symbols.iter().filter(|symbol| !given.contains(symbol.as_str()));
    instruments.extend(others.map(|symbol| Instrument::default_for(symbol)));
    for instrument in &mut instruments {
        costs.put_into(instrument);
    }
    instruments
}

/// Rule R3: which runs there are, in the order of the results.
fn plans(
    orders: &OrderTable,
    params: Option<&ParamTable>,
) -> Result<Vec<RunPlan>, Box<BatchError>> {
    let rows = orders.runs();
    let Some(params) = params else {
        let plan = |rows: &RunRows| RunPlan {
            run_id: rows.run_id.unwrap_or(0),
            params: None,
            places: rows.places.clone(),
        };
        return Ok(rows.iter().map(plan).collect());
    };
    let shared = match rows {
        [all] if all.run_id.is_none() => Some(all.places.clone()),
        _ => None,
    };
    let mut own: HashMap<u32, Range<usize>> =
        rows.iter().filter_map(|rows| Some((rows.run_id?, rows.places.clone()))).collect();
    let mut plans = Vec::with_capacity(params.len());
    for (row, &run_id) in params.run_ids().iter().enumerate() {
        let places = match &shared {
            Some(all) => all.clone(),
            None => own
                .remove(&run_id)
                .ok_or_else(|| unpaired("params", row, run_id, "no row of orders has it"))?,
        };
        plans.push(RunPlan { run_id, params: Some(row), places });
    }
    let lacking = rows.iter().find(|rows| rows.run_id.is_some_and(|id| own.contains_key(&id)));
    let Some(RunRows { run_id: Some(run_id), places }) = lacking else { return Ok(plans) };
    let row = usize::try_from(orders.row(places.start).row).unwrap_or(usize::MAX);
    Err(unpaired("orders", row, *run_id, "no row of params has it"))
}

#[cold]
fn unpaired(frame: &'static str, row: usize, run_id: u32, rule: &'static str) -> Box<BatchError> {
    let error = BatchError::column(frame, "run_id", rule, "give orders and params the same runs");
    let row = u64::try_from(row).ok();
    Box::new(BatchError { row, value: run_id.to_string(), ..*error })
}
