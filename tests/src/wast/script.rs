//! One `.wast` file: its directives in order.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, Result, anyhow};
use wast::parser::{self, ParseBuffer};
use wast::token::{Id, Span};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

use super::report::{FileReport, Refusal};
use super::types::{FuncType, Surface, Type, out_of_scope};
use super::value::{Value, argument, expected};
use super::{Failure, Linked, Machine, Running};

/// Runs the file at `path`.
///
/// # Errors
///
/// When it cannot be read or is not in the format.
pub fn run(machine: &dyn Machine, path: &Path) -> Result<FileReport> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let in_file = |mut error: wast::Error| {
        error.set_path(path);
        error.set_text(&text);
        anyhow!("{error}")
    };
    let mut lexer = wast::lexer::Lexer::new(&text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(in_file)?;
    let wast: Wast<'_> = parser::parse(&buffer).map_err(in_file)?;
    let mut script = Script {
        machine,
        text: &text,
        report: FileReport {
            path: path.to_owned(),
            ..FileReport::default()
        },
        definitions: HashMap::new(),
        last: None,
        instances: HashMap::new(),
        current: Err(Verdict::Skipped("there is no instance to call".to_owned())),
    };
    for directive in wast.directives {
        script.directive(directive);
    }
    Ok(script.report)
}

/// A component of the file.
struct Definition {
    functions: BTreeMap<String, Result<FuncType, String>>,
    /// The proposal that puts it out of scope. Some are taken all the same, where the engine of
    /// the target has them.
    beyond: Option<&'static str>,
    linked: Result<Box<dyn Linked>, Verdict>,
}

/// An instance, or why there is none.
struct Instance {
    definition: Rc<Definition>,
    running: RefCell<Result<Box<dyn Running>, Verdict>>,
}

/// What became of a directive.
#[derive(Debug, Clone)]
enum Verdict {
    Passed,
    Failed(String),
    /// A valid component was not taken: an index into [`FileReport::refusals`].
    Refused(usize),
    Skipped(String),
}

struct Script<'a> {
    machine: &'a dyn Machine,
    text: &'a str,
    report: FileReport,
    definitions: HashMap<String, Rc<Definition>>,
    /// The definition that was made last.
    last: Option<Rc<Definition>>,
    instances: HashMap<String, Rc<Instance>>,
    /// The instance that was made last, or why there is none.
    current: Result<Rc<Instance>, Verdict>,
}

impl<'a> Script<'a> {
    fn line(&self, span: Span) -> usize {
        span.linecol_in(self.text).0 + 1
    }

    /// Why the assertion on `line` is not the oracle's to check.
    fn beyond_oracle(&self, line: usize) -> Option<&'a str> {
        let before = self.text.lines().nth(line.checked_sub(2)?)?;
        let reason = before.strip_prefix(";; not on the oracle: ")?;
        self.machine.is_oracle().then_some(reason)
    }

    fn directive(&mut self, directive: WastDirective<'a>) {
        let line = self.line(directive.span());
        match directive {
            WastDirective::Module(quoted) => {
                let name = quoted.name();
                match self.define(quoted, line) {
                    Ok(definition) => self.instantiate(definition, name, line, true),
                    Err(verdict) => {
                        self.current = Err(verdict.clone());
                        self.component(verdict, line);
                    }
                }
            }
            WastDirective::ModuleDefinition(quoted) => {
                let name = quoted.name();
                let verdict = self.define(quoted, line).map(|definition| {
                    if let Some(name) = name {
                        let name = name.name().to_owned();
                        self.definitions.insert(name, definition.clone());
                    }
                    self.last = Some(definition.clone());
                    definition.linked.as_ref().err().cloned()
                });
                let verdict = verdict.unwrap_or_else(Some);
                self.component(verdict.unwrap_or(Verdict::Passed), line);
            }
            WastDirective::ModuleInstance {
                instance, module, ..
            } => {
                let definition = match module {
                    Some(id) => self.definitions.get(id.name()).cloned(),
                    None => self.last.clone(),
                };
                match definition {
                    Some(definition) => self.instantiate(definition, instance, line, false),
                    None => {
                        let verdict = Verdict::Failed("there is no such definition".to_owned());
                        self.current = Err(verdict.clone());
                        self.component(verdict, line);
                    }
                }
            }
            assertion => {
                let verdict = match self.beyond_oracle(line) {
                    Some(reason) => Verdict::Skipped(format!("not on the oracle: {reason}")),
                    None => self.assertion(assertion, line),
                };
                self.count_assertion(verdict, line);
            }
        }
    }

    /// The component of `quoted`, or why there is none at all.
    fn define(&mut self, mut quoted: QuoteWat<'a>, line: usize) -> Result<Rc<Definition>, Verdict> {
        if !is_component(&quoted) {
            return Err(Verdict::Skipped("a core module".to_owned()));
        }
        let component = quoted
            .encode()
            .map_err(|error| Verdict::Failed(format!("does not parse: {}", error.message())))?;
        self.define_binary(&component, line)
    }

    fn define_binary(&mut self, component: &[u8], line: usize) -> Result<Rc<Definition>, Verdict> {
        let surface = Surface::read(component)
            .map_err(|error| Verdict::Failed(format!("is not valid here: {error:#}")))?;
        let beyond = out_of_scope(component);
        let linked = if surface.imports {
            Err(Verdict::Skipped("the component has imports".to_owned()))
        } else {
            self.machine.link(component).map_err(|reason| {
                if let Some(feature) = beyond {
                    return Verdict::Skipped(format!("out of scope: {feature}"));
                }
                self.report.refusals.push(Refusal {
                    line,
                    reason,
                    assertions: 0,
                });
                Verdict::Refused(self.report.refusals.len() - 1)
            })
        };
        Ok(Rc::new(Definition {
            functions: surface.functions,
            beyond,
            linked,
        }))
    }

    /// Makes an instance the current one. `first`: it is what shows whether the definition, which
    /// is not counted otherwise, was taken.
    fn instantiate(
        &mut self,
        definition: Rc<Definition>,
        name: Option<Id<'a>>,
        line: usize,
        first: bool,
    ) {
        let running = match &definition.linked {
            Ok(linked) => {
                linked
                    .instantiate()
                    .map_err(|failure| match (&failure, definition.beyond) {
                        (Failure::Broken(_), Some(feature)) => {
                            Verdict::Skipped(format!("the engine has no {feature}"))
                        }
                        _ => Verdict::Failed(format!("cannot be instantiated: {failure}")),
                    })
            }
            Err(verdict) => Err(verdict.clone()),
        };
        let verdict = match &running {
            Ok(_) => Verdict::Passed,
            Err(verdict) => verdict.clone(),
        };
        if first || matches!(verdict, Verdict::Failed(_)) {
            self.component(verdict, line);
        }
        let instance = Rc::new(Instance {
            definition,
            running: RefCell::new(running),
        });
        if let Some(name) = name {
            self.instances
                .insert(name.name().to_owned(), instance.clone());
        }
        self.current = Ok(instance);
    }

    fn component(&mut self, verdict: Verdict, line: usize) {
        let tally = &mut self.report.components;
        match verdict {
            Verdict::Passed => tally.passed += 1,
            Verdict::Refused(_) => tally.failed += 1,
            Verdict::Failed(why) => {
                tally.failed += 1;
                self.report.failures.push((line, why));
            }
            Verdict::Skipped(why) => {
                tally.skipped += 1;
                *self.report.skips.entry(why).or_default() += 1;
            }
        }
    }

    fn count_assertion(&mut self, verdict: Verdict, line: usize) {
        let tally = &mut self.report.assertions;
        match verdict {
            Verdict::Passed => tally.passed += 1,
            Verdict::Refused(index) => {
                tally.failed += 1;
                self.report.refusals[index].assertions += 1;
            }
            Verdict::Failed(why) => {
                tally.failed += 1;
                self.report.failures.push((line, why));
            }
            Verdict::Skipped(why) => {
                tally.skipped += 1;
                *self.report.skips.entry(why).or_default() += 1;
            }
        }
    }

    fn assertion(&mut self, directive: WastDirective<'a>, line: usize) -> Verdict {
        match directive {
            WastDirective::Invoke(invoke) => match self.invoke(&invoke) {
                Ok((_, Ok(_))) => Verdict::Passed,
                Ok((_, Err(failure))) => Verdict::Failed(format!("{}: {failure}", invoke.name)),
                Err(verdict) => verdict,
            },
            WastDirective::AssertReturn { exec, results, .. } => match exec {
                WastExecute::Invoke(invoke) => self.assert_return(&invoke, &results),
                _ => Verdict::Skipped("assert_return of something else than a call".to_owned()),
            },
            WastDirective::AssertTrap { exec, message, .. } => {
                self.assert_trap(exec, message, line)
            }
            WastDirective::AssertExhaustion { call, .. } => match self.invoke(&call) {
                Ok((_, Err(Failure::Exhausted))) => Verdict::Passed,
                Ok((_, Err(other))) => Verdict::Failed(format!("{}: {other}", call.name)),
                Ok((_, Ok(_))) => Verdict::Failed(format!("{} returned", call.name)),
                Err(verdict) => verdict,
            },
            WastDirective::AssertInvalid {
                module, message, ..
            }
            | WastDirective::AssertMalformed {
                module, message, ..
            } => self.assert_refused(module, message),
            WastDirective::AssertUnlinkable { .. } => {
                Verdict::Skipped("assert_unlinkable: imports are the host's".to_owned())
            }
            _ => Verdict::Skipped("a directive for core modules".to_owned()),
        }
    }

    /// Calls a function: its result type and how the call ended, or why there was no call.
    #[allow(clippy::type_complexity)]
    fn invoke(
        &self,
        invoke: &WastInvoke<'a>,
    ) -> Result<(Option<Type>, Result<Option<Value>, Failure>), Verdict> {
        let without = |verdict: &Verdict| match verdict {
            Verdict::Failed(_) => Verdict::Failed(format!("{}: no instance", invoke.name)),
            other => other.clone(),
        };
        let instance = match invoke.module {
            Some(id) => self
                .instances
                .get(id.name())
                .ok_or_else(|| Verdict::Failed(format!("no instance `{}`", id.name())))?,
            None => self.current.as_ref().map_err(without)?,
        };
        let mut running = instance.running.borrow_mut();
        let running = running.as_mut().map_err(|verdict| without(verdict))?;
        let ty = instance
            .definition
            .functions
            .get(invoke.name)
            .ok_or_else(|| Verdict::Failed(format!("no function `{}`", invoke.name)))?
            .as_ref()
            .map_err(|why| Verdict::Skipped(format!("a function is not called: {why}")))?;
        if ty.params.len() != invoke.args.len() {
            let count = ty.params.len();
            return Err(Verdict::Failed(format!("{} takes {count}", invoke.name)));
        }
        let args = invoke
            .args
            .iter()
            .zip(&ty.params)
            .map(|(arg, (_, ty))| argument(arg, ty))
            .collect::<Result<Vec<_>>>()
            .map_err(|error| Verdict::Failed(format!("{}: {error:#}", invoke.name)))?;
        Ok((ty.result.clone(), running.call(invoke.name, ty, &args)))
    }

    fn assert_return(&self, invoke: &WastInvoke<'a>, results: &[WastRet<'a>]) -> Verdict {
        let name = invoke.name;
        let (ty, value) = match self.invoke(invoke) {
            Ok((ty, Ok(value))) => (ty, value),
            Ok((_, Err(failure))) => return Verdict::Failed(format!("{name}: {failure}")),
            Err(verdict) => return verdict,
        };
        match (results, ty, value) {
            ([], _, None) => Verdict::Passed,
            ([result], Some(ty), Some(value)) => match expected(result, &ty) {
                Ok(expected) if expected.is(&value) => Verdict::Passed,
                Ok(expected) => {
                    Verdict::Failed(format!("{name}: {value:?} instead of {expected:?}"))
                }
                Err(error) => Verdict::Failed(format!("{name}: {error:#}")),
            },
            (results, _, value) => Verdict::Failed(format!("{name}: {value:?}, not {results:?}")),
        }
    }

    fn assert_trap(&mut self, exec: WastExecute<'a>, message: &str, line: usize) -> Verdict {
        let (name, ended) = match exec {
            WastExecute::Invoke(invoke) => match self.invoke(&invoke) {
                Ok((_, ended)) => (invoke.name, ended.map(drop)),
                Err(verdict) => return verdict,
            },
            WastExecute::Wat(wat) => match self.define(QuoteWat::Wat(wat), line) {
                Ok(definition) => match &definition.linked {
                    Ok(linked) => ("the component", linked.instantiate().map(drop)),
                    Err(verdict) => return verdict.clone(),
                },
                Err(verdict) => return verdict,
            },
            WastExecute::Get { .. } => {
                return Verdict::Skipped("a directive for core modules".to_owned());
            }
        };
        match ended {
            Ok(()) => Verdict::Failed(format!("{name} does not trap ({message})")),
            Err(Failure::Trap(reason)) if reason.contains(message) => {
                self.report.reasons_confirmed += 1;
                Verdict::Passed
            }
            Err(Failure::Trap(reason)) if self.machine.is_oracle() => Verdict::Failed(format!(
                "{name} traps with `{reason}` instead of `{message}`"
            )),
            Err(Failure::Trap(_)) => {
                self.report.reasons_untold += 1;
                Verdict::Passed
            }
            Err(other) => Verdict::Failed(format!("{name}: {other}")),
        }
    }

    /// The component is not one: the text does not parse, or the machine refuses it.
    fn assert_refused(&mut self, mut quoted: QuoteWat<'a>, message: &str) -> Verdict {
        if !is_component(&quoted) {
            return Verdict::Skipped("a core module".to_owned());
        }
        let Ok(component) = quoted.encode() else {
            return Verdict::Passed;
        };
        match self.machine.link(&component) {
            Err(reason) if reason.contains("panicked") => Verdict::Failed(reason),
            Err(_) => Verdict::Passed,
            Ok(_) => Verdict::Failed(format!("is taken ({message})")),
        }
    }
}

fn is_component(quoted: &QuoteWat<'_>) -> bool {
    matches!(
        quoted,
        QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..)
    )
}
