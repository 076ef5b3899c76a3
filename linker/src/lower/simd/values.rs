//! Vectors and other values of a body: taken, given and kept.

use wasm_encoder::{Encode, Instruction, ValType};
use wasmparser::Operator;

use super::expression::{Expr, Keep, Place};
use super::places::{Half, Late, Local, State, Vector, Waiting};
use super::rewrite::Rewrite;

/// How many vectors on the stack may be in locals of the input, or not computed yet.
const UNSETTLED: usize = 256;

/// How deeply formulas are nested that are not computed yet.
const DEPTH: u32 = 24;

impl Keep for Rewrite<'_, '_, '_> {
    fn keep(&mut self, expr: Expr, ty: ValType) -> Expr {
        let local = self.locals.take(ty);
        expr.encode(&mut self.code);
        self.op(Instruction::LocalSet(local));
        self.kept.push(local);
        Expr::At(Place::Local(local))
    }
}

impl Rewrite<'_, '_, '_> {
    pub fn op(&mut self, instruction: Instruction<'_>) {
        instruction.encode(&mut self.code);
    }

    /// A local for one value.
    pub fn temp(&mut self) -> Place {
        let local = self.locals.take(ValType::I64);
        self.counts.0.insert(local, 1);
        Place::Temp(local)
    }

    /// A local that was a label's holds one value from here on.
    pub fn owned(&mut self, local: u32) -> Place {
        self.counts.0.insert(local, 1);
        Place::Temp(local)
    }

    /// One more value is there.
    pub fn retain(&mut self, place: Place) {
        match place {
            Place::Temp(local) => *self.counts.0.entry(local).or_default() += 1,
            Place::Late(late) => self.late[late as usize].count += 1,
            Place::Const(_) | Place::Local(_) => {}
        }
    }

    /// One value is there no longer.
    pub fn release(&mut self, place: Place) {
        match place {
            Place::Temp(local) => {
                if let Some(count) = self.counts.0.get_mut(&local) {
                    *count -= 1;
                    if *count == 0 {
                        self.counts.0.remove(&local);
                        self.locals.give_back(&[local]);
                    }
                }
            }
            Place::Late(late) => {
                let late = &mut self.late[late as usize];
                late.count -= 1;
                if late.count == 0 {
                    match std::mem::replace(&mut late.state, State::Taken) {
                        State::Waiting(expr) => self.release_all(&expr),
                        State::Known(place) => self.release(place),
                        State::Taken => {}
                    }
                }
            }
            Place::Const(_) | Place::Local(_) => {}
        }
    }

    /// The same for all that a formula reads.
    fn release_all(&mut self, expr: &Expr) {
        let mut temps = Vec::new();
        expr.temps(&mut temps);
        for temp in temps {
            self.release(temp);
        }
    }

    /// Computes a half now if that is not done: what is given can be read any number of times.
    pub fn force(&mut self, place: Place) -> Place {
        let Place::Late(late) = place else {
            return place;
        };
        match std::mem::replace(&mut self.late[late as usize].state, State::Taken) {
            State::Waiting(expr) => {
                let temp = self.temp();
                expr.encode(&mut self.code);
                self.op(Instruction::LocalSet(temp.local().unwrap_or_default()));
                self.release_all(&expr);
                self.late[late as usize].state = State::Known(temp);
                temp
            }
            State::Known(known) => {
                self.late[late as usize].state = State::Known(known);
                known
            }
            State::Taken => place,
        }
    }

    /// A half that is read here, and by nothing else for the value that is there.
    pub fn read(&mut self, place: Place) -> Expr {
        if let Place::Late(late) = place
            && let late = &mut self.late[late as usize]
            && late.count == 1
            && matches!(late.state, State::Waiting(_))
            && let State::Waiting(expr) = std::mem::replace(&mut late.state, State::Taken)
        {
            expr.temps(&mut self.taken);
            return expr;
        }
        Expr::At(self.force(place))
    }

    /// Lets go of what the instruction has used.
    pub fn finish(&mut self) {
        for place in std::mem::take(&mut self.taken) {
            self.release(place);
        }
        let kept = std::mem::take(&mut self.kept);
        self.locals.give_back(&kept);
    }

    pub fn release_vector(&mut self, vector: Vector) {
        self.release(vector.low);
        self.release(vector.high);
    }

    /// Takes the last vector, which the caller releases. What is dead has none.
    pub fn pop(&mut self) -> Vector {
        let vector = self.stack.pop().unwrap_or(Vector::ZERO);
        self.settled = self.settled.min(self.stack.len());
        vector
    }

    pub fn push(&mut self, low: Place, high: Place) {
        self.stack.push(Vector { low, high });
    }

    /// Puts everything on the stack that waits for it.
    pub fn flush(&mut self) {
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Get(local) => self.op(Instruction::LocalGet(local)),
                Waiting::Const(value) => self.op(Instruction::I32Const(value)),
            }
        }
    }

    /// Takes a constant that would come on the stack.
    pub fn waiting_const(&mut self) -> Option<i32> {
        match self.waiting.last() {
            Some(Waiting::Const(value)) => {
                let value = *value;
                self.waiting.pop();
                Some(value)
            }
            _ => None,
        }
    }

    /// Takes what is on the stack into a local that nobody changes, and says whether it is to be given
    /// back.
    pub fn scalar(&mut self, ty: ValType) -> (u32, bool) {
        if let Some(Waiting::Get(local)) = self.waiting.last() {
            let local = *local;
            self.waiting.pop();
            return (local, false);
        }
        self.flush();
        let local = self.locals.take(ty);
        self.op(Instruction::LocalSet(local));
        (local, true)
    }

    /// The same, and it stays on the stack.
    pub fn scalar_again(&mut self, ty: ValType) -> (u32, bool) {
        if let Some(Waiting::Get(local)) = self.waiting.last() {
            let local = *local;
            self.waiting.pop();
            self.op(Instruction::LocalGet(local));
            return (local, false);
        }
        self.flush();
        let local = self.locals.take(ty);
        self.op(Instruction::LocalTee(local));
        (local, true)
    }

    pub fn done_with(&mut self, (local, taken): (u32, bool)) {
        if taken {
            self.locals.give_back(&[local]);
        }
    }

    /// Writes where a half is to a local.
    pub fn copy(&mut self, place: Place, local: u32) {
        let place = self.force(place);
        if place.local() != Some(local) {
            place.encode(&mut self.code);
            self.op(Instruction::LocalSet(local));
        }
    }

    /// Sees to it that no vector on the stack is in a local of the input, or in one of those.
    pub fn settle(&mut self, only: Option<[u32; 2]>) {
        self.settled = self.settled.min(self.stack.len());
        // Time that grows with the square of the stack is nothing for files that somebody made up.
        let only = only.filter(|_| self.stack.len() - self.settled < UNSETTLED);
        for at in self.settled..self.stack.len() {
            for upper in [false, true] {
                let vector = self.stack[at];
                let place = if upper { vector.high } else { vector.low };
                let local = match place {
                    Place::Local(local) => local,
                    Place::Late(late) => {
                        if let State::Waiting(expr) = &self.late[late as usize].state
                            && only.is_none_or(|only| only.iter().any(|local| expr.reads(*local)))
                        {
                            self.force(place);
                        }
                        continue;
                    }
                    Place::Const(_) | Place::Temp(_) => continue,
                };
                if only.is_some_and(|only| !only.contains(&local)) {
                    continue;
                }
                let temp = self.temp();
                if let Some(to) = temp.local() {
                    self.copy(place, to);
                }
                match upper {
                    false => self.stack[at].low = temp,
                    true => self.stack[at].high = temp,
                }
            }
        }
        if only.is_none() {
            self.settled = self.stack.len();
        }
    }

    /// The local that the next instruction puts the result in.
    pub fn next_local(&self) -> Option<[u32; 2]> {
        let (Operator::LocalSet { local_index } | Operator::LocalTee { local_index }) =
            self.next.clone()?
        else {
            return None;
        };
        match self.moved[local_index as usize] {
            Local::Vector(halves) => Some(halves),
            Local::Other(_) => None,
        }
    }

    /// Pushes a result. Where the next instruction puts it into a local, it goes there at once.
    pub fn give(&mut self, low: Half, high: Half) {
        let next = self.next_local();
        let [low, high] = [low, high].map(|half| match half {
            Half::Same(place) if next.is_some() => Half::Same(self.force(place)),
            half => half,
        });
        let next = next.filter(|[first, second]| {
            // The lower half is written before the upper one is computed.
            let first_is_read = match &high {
                Half::Same(place) => place.local() == Some(*first),
                Half::Of(expr) => expr.reads(*first),
            };
            let second_is_read = match &low {
                Half::Same(place) => place.local() == Some(*second),
                Half::Of(_) => false,
            };
            !(first_is_read && matches!(low, Half::Of(_))
                || second_is_read && matches!(high, Half::Of(_)))
        });
        if next.is_some() {
            self.settle(next);
        }
        let low = self.place(low, next.map(|next| next[0]));
        let high = self.place(high, next.map(|next| next[1]));
        self.push(low, high);
    }

    fn place(&mut self, half: Half, to: Option<u32>) -> Place {
        let is_kept = |place: Place| {
            place
                .local()
                .is_some_and(|local| self.kept.contains(&local))
        };
        let expr = match half {
            Half::Of(Expr::At(place)) if is_kept(place) => Expr::At(place),
            Half::Same(place) | Half::Of(Expr::At(place)) => {
                self.retain(place);
                return place;
            }
            Half::Of(expr) => expr,
        };
        if to.is_none() && expr.can_wait(DEPTH) && !self.kept.iter().any(|local| expr.reads(*local))
        {
            return self.later(expr);
        }
        expr.encode(&mut self.code);
        let place = match to {
            Some(local) => Place::Local(local),
            None => self.temp(),
        };
        if let Some(local) = place.local() {
            self.op(Instruction::LocalSet(local));
        }
        place
    }

    /// A half that is computed where it is read.
    fn later(&mut self, expr: Expr) -> Place {
        let mut temps = Vec::new();
        expr.temps(&mut temps);
        for temp in temps {
            self.retain(temp);
        }
        self.late.push(Late {
            state: State::Waiting(expr),
            count: 1,
        });
        Place::Late(self.late.len() as u32 - 1)
    }

    /// Pushes a vector with the same in both halves.
    pub fn give_twice(&mut self, expr: Expr) {
        let place = self.place(Half::Of(expr), None);
        self.retain(place);
        self.push(place, place);
    }

    /// Leaves a number on the stack.
    pub fn give_number(&mut self, expr: &Expr) {
        self.flush();
        expr.encode(&mut self.code);
    }
}
