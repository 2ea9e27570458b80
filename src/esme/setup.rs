//! What follows from a plan alone: sessions, their numbers and owners, cells, schedule, recipe. Pure.
use crate::kit::{Nanos, RateChange};
use crate::measure::{CellId, CellKey, DisturbedTime, LatencyRange};
use crate::plan::{
    BindType, Cursor, Due, Plan, PlanError, Recipe, Schedule, Skipped, Striping, occurrences,
};
use crate::session::{Role, Timers};
use std::sync::Arc;

/// One session as planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPlan {
    /// Number within the run.
    pub id: u32,
    /// The account's number.
    pub account: u16,
    /// The role it binds in.
    pub role: Role,
    /// Its number among the senders, if it may send.
    pub sender: Option<u32>,
    /// The worker that owns it.
    pub worker: u32,
}

/// What follows from a plan alone.
#[derive(Debug)]
pub struct Setup {
    /// The plan.
    pub plan: Arc<Plan>,
    /// n -> intended time.
    pub schedule: Arc<Schedule>,
    /// n -> sender, worker.
    pub striping: Arc<Striping>,
    /// n -> octets.
    pub recipe: Arc<Recipe>,
    /// All sessions of the run.
    pub sessions: Vec<SessionPlan>,
    /// Which messages the events disturb, as far as is known.
    pub disturbed: DisturbedTime,
}

impl Setup {
    /// By session: the one whose receipts come on it, which of a pair is the transmitter.
    pub fn homes(&self) -> Vec<u32> {
        let mut transmitter = 0;
        let home = |s: &SessionPlan| {
            let account = &self.plan.accounts[usize::from(s.account)];
            if account.binds.bind_type != BindType::Pair || s.sender.is_some() {
                transmitter = s.id;
            }
            transmitter
        };
        self.sessions.iter().map(home).collect()
    }

    /// The timers of a session of this account.
    pub fn timers(&self, account: u16) -> Timers {
        let enquire_link = self.plan.accounts[usize::from(account)].binds.enquire_link;
        Timers {
            enquire_link: enquire_link.unwrap_or(Nanos::MAX),
            response: self.plan.timeouts.response,
        }
    }

    /// Works the plan out for this many workers.
    ///
    /// # Errors
    /// Where no schedule or no message can be made of it.
    pub fn new(plan: Arc<Plan>, workers: usize) -> Result<Setup, PlanError> {
        let schedule = Schedule::new(&plan.stages, plan.load.arrival, plan.seed)
            .map_err(|e| PlanError::of_schedule(&e))?;
        let striping = Striping::new(&plan, workers);
        let recipe = Recipe::new(&plan)?;
        let sessions = sessions(&plan, &striping);
        let disturbed = DisturbedTime::by(occurrences(&plan).iter().map(|o| o.from));
        Ok(Setup {
            disturbed,
            plan,
            schedule: Arc::new(schedule),
            striping: Arc::new(striping),
            recipe: Arc::new(recipe),
            sessions,
        })
    }

    /// The schedule with the rate changed by hand.
    ///
    /// # Errors
    /// Where no schedule can hold it.
    pub fn steered(&self, changes: &[RateChange]) -> Result<Arc<Schedule>, PlanError> {
        let plan = &self.plan;
        Schedule::steered(&plan.stages, plan.load.arrival, plan.seed, changes)
            .map(Arc::new)
            .map_err(|e| PlanError::of_schedule(&e))
    }

    /// Cells are numbered stage by stage, account by account, label by label; after them, where the plan has events, the
    /// same again for disturbed messages.
    pub fn cell_keys(plan: &Plan) -> Vec<CellKey> {
        let mut keys = Vec::new();
        let times: &[bool] = if plan.events.is_empty() { &[false] } else { &[false, true] };
        for &disturbed in times {
            for stage in 0..plan.stages.len().max(1) as u16 {
                for account in 0..plan.accounts.len() as u16 {
                    for label in 0..plan.messages.len().max(1) as u16 {
                        keys.push(CellKey { stage, account, label, disturbed });
                    }
                }
            }
        }
        keys
    }

    /// The cell of (stage, account, label), intended at this offset.
    #[inline]
    pub fn cell(&self, at: Nanos, stage: u16, account: u16, label: u16) -> CellId {
        let labels = self.plan.messages.len().max(1);
        let accounts = self.plan.accounts.len();
        let cell =
            (usize::from(stage) * accounts + usize::from(account)) * labels + usize::from(label);
        (if self.disturbed.contains(at) { cell + self.undisturbed_cells() } else { cell }) as CellId
    }

    /// Number of cells of undisturbed messages.
    fn undisturbed_cells(&self) -> usize {
        let Plan { stages, accounts, messages, .. } = &*self.plan;
        stages.len().max(1) * accounts.len() * messages.len().max(1)
    }

    /// The cell of a message.
    pub(super) fn cell_of(&self, due: &Due) -> CellId {
        self.cell(due.at, due.stage, due.account, self.recipe.label(due.index))
    }

    /// Moves a cursor past all messages that are intended before `until`, and gives each cell with its number of them.
    pub fn skip_before(
        &self,
        cursor: &mut Cursor,
        until: Nanos,
        mut give: impl FnMut(CellId, u64),
    ) {
        while let Some(at) = cursor.peek().map(|due| due.at).filter(|at| *at < until) {
            let part = self.disturbed.next_change(at).min(until);
            for Skipped { stage, account, label, count } in cursor.skip_before(part, &self.recipe) {
                give(self.cell(at, stage, account, label), count);
            }
        }
    }

    /// The stage of a cell.
    pub fn stage_of(&self, cell: CellId) -> u16 {
        let labels = self.plan.messages.len().max(1);
        let cell = usize::from(cell) % self.undisturbed_cells().max(1);
        (cell / labels / self.plan.accounts.len().max(1)) as u16
    }

    /// The offset at which the load ends by the plan.
    pub fn load_ends(&self) -> Nanos {
        if self.plan.stages.is_empty() {
            self.plan.receive_only_for
        } else {
            self.schedule.ends_at()
        }
    }

    /// The distributions' range: up to the longest deadline.
    pub fn range(plan: &Plan) -> LatencyRange {
        LatencyRange::for_deadline(plan.receipts.deadline.max(plan.timeouts.response))
    }
}

fn sessions(plan: &Plan, striping: &Striping) -> Vec<SessionPlan> {
    let mut all = Vec::with_capacity(plan.sessions_count());
    let mut sender = 0u32;
    for (number, account) in plan.accounts.iter().enumerate() {
        for place in 0..account.binds.count as u32 {
            let mut add = |role: Role, sender: Option<u32>, owner: u32| {
                let id = all.len() as u32;
                let worker = striping.worker_of(owner) as u32;
                all.push(SessionPlan { id, account: number as u16, role, sender, worker });
            };
            match account.binds.bind_type {
                BindType::Transceiver => add(Role::Transceiver, Some(sender), sender),
                BindType::Transmitter => add(Role::Transmitter, Some(sender), sender),
                BindType::Receiver => add(Role::Receiver, None, place),
                BindType::Pair => {
                    add(Role::Transmitter, Some(sender), sender);
                    add(Role::Receiver, None, sender);
                }
            }
            if account.binds.bind_type != BindType::Receiver {
                sender += 1;
            }
        }
    }
    all
}
