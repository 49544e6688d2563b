//! PTX as text: functions and their instructions.

use std::collections::{BTreeMap, BTreeSet};

/// A module of PTX.
#[derive(Debug, Default, PartialEq)]
pub struct Module {
    /// `.version`, `.target` and `.address_size`, with what stands behind them.
    pub head: BTreeMap<String, String>,
    /// What stands outside of functions besides, each up to its end.
    pub declarations: Vec<String>,
    /// Functions that have a body, by their names.
    pub functions: BTreeMap<String, Function>,
}

#[derive(Debug, Default, PartialEq)]
pub struct Function {
    pub is_entry: bool,
    pub instructions: Vec<Instruction>,
}

/// An instruction or a directive, without its predicate.
#[derive(Debug, PartialEq)]
pub struct Instruction {
    /// `add.rn.f32`, say.
    pub opcode: String,
    pub operands: String,
}

impl Instruction {
    fn of(text: &str) -> Self {
        let text = match text.strip_prefix('@') {
            Some(guarded) => guarded.split_once(char::is_whitespace).map_or("", |p| p.1),
            None => text,
        };
        let text = text.trim();
        let (opcode, operands) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        Self {
            opcode: opcode.to_owned(),
            operands: operands.trim().to_owned(),
        }
    }

    /// What it does, before the first point.
    pub fn base(&self) -> &str {
        self.opcode.split('.').next().unwrap_or_default()
    }

    /// How, and to what types.
    pub fn modifiers(&self) -> impl Iterator<Item = &str> {
        self.opcode.split('.').skip(1)
    }

    /// The name or register that a call goes to.
    pub fn call_target(&self) -> Option<&str> {
        if self.base() != "call" {
            return None;
        }
        let after_results = match self.operands.strip_prefix('(') {
            Some(results) => results.split_once(')')?.1.trim_start_matches([',', ' ']),
            None => &self.operands,
        };
        after_results.split(',').next().map(str::trim)
    }
}

impl Module {
    pub fn parse(text: &str) -> Self {
        let mut module = Self::default();
        let without_comments = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or_default());
        let mut code = String::new();
        for line in without_comments {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                // The only ones that end with their line.
                (Some(word @ (".version" | ".target" | ".address_size")), Some(value)) => {
                    module.head.insert(word.to_owned(), value.to_owned());
                }
                _ => code.extend([line, "\n"]),
            }
        }
        module.functions_of(&code);
        module
    }

    fn functions_of(&mut self, code: &str) {
        let mut function: Option<(String, Function)> = None;
        // Blocks in one another inside of a function, and braces in a statement: vectors and initial values.
        let (mut blocks, mut braces) = (0, 0);
        let mut statement = String::new();
        for character in code.chars() {
            match character {
                '{' if function.is_none() && header(&statement).is_some() => {
                    function = header(&statement).map(|(name, is_entry)| {
                        let function = Function {
                            is_entry,
                            ..Function::default()
                        };
                        (name, function)
                    });
                    statement.clear();
                }
                '{' if function.is_some() && statement.trim().is_empty() => blocks += 1,
                '}' if braces == 0 && blocks > 0 => blocks -= 1,
                '}' if braces == 0 => self.functions.extend(function.take()),
                ';' if braces == 0 => {
                    let text = statement.trim();
                    match &mut function {
                        None => self.declarations.push(text.to_owned()),
                        Some((_, function)) if !text.is_empty() => {
                            function.instructions.push(Instruction::of(text));
                        }
                        Some(_) => {}
                    }
                    statement.clear();
                }
                // A label.
                ':' if function.is_some() && !statement.trim().contains(char::is_whitespace) => {
                    statement.clear();
                }
                _ => {
                    match character {
                        '{' => braces += 1,
                        '}' => braces -= 1,
                        _ => {}
                    }
                    statement.push(character);
                }
            }
        }
    }

    /// The names of all functions that `from` leads to, itself included.
    pub fn reached_from<'a>(&'a self, from: &'a str) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(name) = waiting.pop() {
            if reached.insert(name)
                && let Some(function) = self.functions.get(name)
            {
                waiting.extend(
                    function
                        .instructions
                        .iter()
                        .filter_map(Instruction::call_target),
                );
            }
        }
        reached
    }

    pub fn entries(&self) -> impl Iterator<Item = &str> {
        let entries = self
            .functions
            .iter()
            .filter(|(_, function)| function.is_entry);
        entries.map(|(name, _)| name.as_str())
    }
}

/// The name of the function that begins so, and whether it is an entry.
fn header(statement: &str) -> Option<(String, bool)> {
    let (after, is_entry) = match (
        statement.split_once(".entry"),
        statement.split_once(".func"),
    ) {
        (Some((_, after)), _) => (after, true),
        (None, Some((_, after))) => (after, false),
        (None, None) => return None,
    };
    let after = after.trim_start();
    let after_results = match after.strip_prefix('(') {
        Some(results) => results.split_once(')')?.1.trim_start(),
        None => after,
    };
    let name = after_results.split([' ', '\t', '\n', '(']).next()?;
    Some((name.to_owned(), is_entry))
}
