//! Reading a guard: CEL's grammar, our part of it, and types.
//!
//! The tree comes from the CEL parser; here it becomes a condition whose every name is declared, whose every word
//! belongs to its variable's type and whose every comparison makes sense. What is refused is shown where it stands.

use cel::common::ast::{Expr as Tree, IdedExpr, LiteralValue, SourceInfo, operators};
use cel::parser::Parser;

use super::{Expr, Order, Term};
use crate::model::{Type, Value, Variable};
use crate::words::{list, nearest};

/// Longer guards belong into a task that computes a verdict; and a bound on text bounds the parser's work.
const LONGEST: usize = 1_000;

/// How deep a guard may nest, so that no text exhausts the stack.
const DEEPEST: u16 = 32;

/// Why a text is no guard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct GuardError {
    /// How many characters stand before the mistake.
    pub at: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

pub(super) fn read(text: &str, data: &[Variable]) -> Result<Expr, GuardError> {
    if text.len() > LONGEST {
        let what = format!("a guard of {} bytes is too long: {LONGEST} are allowed", text.len());
        return Err(GuardError { at: 0, what, hint: "let a task write a verdict, and ask for that".to_owned() });
    }
    let parsed = Parser::new().max_recursion_depth(DEEPEST).parse_with_source_info(text);
    let (tree, source) = parsed.map_err(|errors| not_cel(text, &errors))?;
    Reader { data, source: &source }.condition(&tree)
}

/// The first of the parser's complaints, in our words: its own list every token that could have stood there.
fn not_cel(text: &str, errors: &cel::ParseErrors) -> GuardError {
    let column = errors.errors.first().map_or(1, |error| error.pos.1);
    let at = usize::try_from(column - 1).unwrap_or(0).min(text.chars().count());
    let rest: String = text.chars().skip(at).collect();
    let what = match rest.split_whitespace().next() {
        Some(word) => format!("`{word}` is not expected here"),
        None => "the guard ends too early".to_owned(),
    };
    let hint = if rest.starts_with('=') {
        "write == to compare"
    } else {
        "guards are CEL: verdict == \"pass\", attempts < 3, tier in [\"a\", \"b\"], with && || ! and ?:"
    };
    GuardError { at, what, hint: hint.to_owned() }
}

struct Reader<'r> {
    data: &'r [Variable],
    source: &'r SourceInfo,
}

impl Reader<'_> {
    fn condition(&self, tree: &IdedExpr) -> Result<Expr, GuardError> {
        match &tree.expr {
            Tree::Literal(LiteralValue::Boolean(flag)) => Ok(Expr::Const(*flag.inner())),
            Tree::Ident(name) => self.flag(tree, name),
            Tree::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::LOGICAL_NOT, [inner]) => Ok(Expr::Not(Box::new(self.condition(inner)?))),
                (operators::LOGICAL_AND, [a, b]) => Ok(Expr::All(Box::new([self.condition(a)?, self.condition(b)?]))),
                (operators::LOGICAL_OR, [a, b]) => Ok(Expr::Any(Box::new([self.condition(a)?, self.condition(b)?]))),
                (operators::CONDITIONAL, [a, b, c]) => {
                    Ok(Expr::If(Box::new([self.condition(a)?, self.condition(b)?, self.condition(c)?])))
                }
                (operators::IN, [term, list]) => self.one_of(term, list),
                (name, [left, right]) => match order(name) {
                    Some(order) => self.compare(tree, left, order, right),
                    None => Err(self.beyond(tree)),
                },
                _ => Err(self.beyond(tree)),
            },
            _ => Err(self.beyond(tree)),
        }
    }

    fn flag(&self, tree: &IdedExpr, name: &str) -> Result<Expr, GuardError> {
        let at = self.variable(tree, name)?;
        match &self.data[at].kind {
            Type::Bool => Ok(Expr::Flag(at)),
            other => Err(self.wrong(
                tree,
                format!("`{name}` is {other}, and not true or false by itself"),
                format!("compare it: {name} == …"),
            )),
        }
    }

    fn compare(&self, tree: &IdedExpr, a: &IdedExpr, order: Order, b: &IdedExpr) -> Result<Expr, GuardError> {
        let (left, right) = (self.term(a)?, self.term(b)?);
        self.comparable(a, &left, b, &right)?;
        let ranked = matches!(order, Order::Equal | Order::NotEqual) || self.is_number(&left);
        if !ranked {
            let what = "only numbers and money are less or greater".to_owned();
            return Err(self.wrong(tree, what, "use == or !=".to_owned()));
        }
        Ok(Expr::Compare(left, order, right))
    }

    fn one_of(&self, tree: &IdedExpr, list: &IdedExpr) -> Result<Expr, GuardError> {
        let term = self.term(tree)?;
        let Tree::List(list) = &list.expr else { return Err(self.beyond(list)) };
        let values = list.elements.iter().map(|element| match self.term(element)? {
            Term::Literal(value) => {
                self.comparable(tree, &term, element, &Term::Literal(value.clone()))?;
                Ok(value)
            }
            Term::Variable(_) => Err(self.beyond(element)),
        });
        let values = values.collect::<Result<_, _>>()?;
        Ok(Expr::OneOf(term, values))
    }

    fn term(&self, tree: &IdedExpr) -> Result<Term, GuardError> {
        match &tree.expr {
            Tree::Ident(name) => self.variable(tree, name).map(Term::Variable),
            Tree::Literal(LiteralValue::Boolean(flag)) => Ok(Term::Literal(Value::Bool(*flag.inner()))),
            Tree::Literal(LiteralValue::Int(number)) => Ok(Term::Literal(Value::Number(*number.inner()))),
            Tree::Literal(LiteralValue::String(text)) => Ok(Term::Literal(Value::Text(text.inner().to_owned()))),
            _ => Err(self.beyond(tree)),
        }
    }

    fn variable(&self, tree: &IdedExpr, name: &str) -> Result<usize, GuardError> {
        self.data.iter().position(|variable| variable.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.data.iter().map(|variable| variable.name.as_str()).collect();
            let hint = match nearest(name, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("declare it under [data]: {name} = \"bool\""),
            };
            self.wrong(tree, format!("`{name}` is no variable of this net"), hint)
        })
    }

    /// Two sides can be compared when each could hold what the other does.
    fn comparable(&self, a: &IdedExpr, left: &Term, b: &IdedExpr, right: &Term) -> Result<(), GuardError> {
        match (left, right) {
            (Term::Variable(at), Term::Literal(value)) => self.could_be(b, *at, value),
            (Term::Literal(value), Term::Variable(at)) => self.could_be(a, *at, value),
            (Term::Variable(one), Term::Variable(two)) if !alike(&self.data[*one].kind, &self.data[*two].kind) => {
                let (one, two) = (&self.data[*one], &self.data[*two]);
                let what = format!("`{}` is {}, and `{}` is {}", one.name, one.kind, two.name, two.kind);
                Err(self.wrong(b, what, "compare what is of one kind".to_owned()))
            }
            (Term::Literal(_), Term::Literal(_)) => {
                let what = "two constants are compared, so this never changes".to_owned();
                Err(self.wrong(a, what, "write true or false, or name a variable".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn could_be(&self, tree: &IdedExpr, at: usize, value: &Value) -> Result<(), GuardError> {
        let Variable { name, kind } = &self.data[at];
        let hint = match (kind, value) {
            // Numbers outside a range may be compared with: `attempts < 4` for 0..=3 is a way to say always.
            (Type::Bool, Value::Bool(_)) | (Type::Text, Value::Text(_)) => return Ok(()),
            (Type::Range { .. } | Type::Money, Value::Number(_)) => return Ok(()),
            (Type::Enum(words), Value::Text(word)) if words.contains(word) => return Ok(()),
            (Type::Enum(words), Value::Text(word)) => {
                let known: Vec<&str> = words.iter().map(String::as_str).collect();
                nearest(word, &known).map_or_else(
                    || format!("it is one of {}", list(&known)),
                    |near| format!("did you mean \"{near}\"?"),
                )
            }
            _ => format!("`{name}` is {kind}"),
        };
        Err(self.wrong(tree, format!("`{name}` is never {value}"), hint))
    }

    fn is_number(&self, term: &Term) -> bool {
        match term {
            Term::Variable(at) => matches!(self.data[*at].kind, Type::Range { .. } | Type::Money),
            Term::Literal(value) => matches!(value, Value::Number(_)),
        }
    }

    fn beyond(&self, tree: &IdedExpr) -> GuardError {
        let what = "guards compare variables with each other and with constants, and do nothing else".to_owned();
        self.wrong(tree, what, "let a task write what you need into a variable, and ask for that".to_owned())
    }

    fn wrong(&self, tree: &IdedExpr, what: String, hint: String) -> GuardError {
        let at = self.source.offset_for(tree.id).map_or(0, |(start, _)| start as usize);
        GuardError { at, what, hint }
    }
}

fn order(operator: &str) -> Option<Order> {
    Some(match operator {
        operators::EQUALS => Order::Equal,
        operators::NOT_EQUALS => Order::NotEqual,
        operators::LESS => Order::Less,
        operators::LESS_EQUALS => Order::LessOrEqual,
        operators::GREATER => Order::Greater,
        operators::GREATER_EQUALS => Order::GreaterOrEqual,
        _ => return None,
    })
}

/// Whether two types have values that can be equal.
fn alike(one: &Type, two: &Type) -> bool {
    let class = |kind: &Type| match kind {
        Type::Bool => 0,
        Type::Range { .. } | Type::Money => 1,
        Type::Enum(_) | Type::Text => 2,
    };
    class(one) == class(two)
}
