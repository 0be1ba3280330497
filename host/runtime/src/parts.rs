//! How much there is of a component, counted before anything is made of it.
//!
//! Compiling is done for whoever hands in a component, and no fuel and no deadline holds for it. A component may hold
//! components, and each may make two of the next: thirty small ones come to a thousand million, and whoever compiles
//! them runs out of memory first. How often something is made cannot be read off a component without making it; so
//! there may be few components in one, and few instances of them, and then there is no tower to build. What toolchains
//! make has one or two of each, and no code in them; two codes in one component would need a third between them that
//! copies from memory to memory, for which this engine has no room and a governor no fuel. Of everything else that is dear to compile there may be twice as much as the largest
//! that we know has: those that bring an interpreter of JavaScript or Python.

use wasmparser::{BinaryReaderError, ComponentInstance, Parser, Payload};

/// Components that a component may hold, however deep.
const COMPONENTS_MAX: u64 = 16;

/// Instances of components that it may make, wherever. With so many, one is made fifteen hundred times at most.
const INSTANCES_MAX: u64 = 20;

/// Functions, of all modules.
const FUNCTIONS_MAX: u64 = 50_000;

/// Bytes of one function: what a compiler does to it may grow faster than it.
const FUNCTION_MAX_BYTES: u64 = 1024 * 1024;

/// Bytes of all functions.
const CODE_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Pieces of data, of all modules. Each may become an instruction of one function.
const DATA_MAX: u64 = 20_000;

/// What there is so far.
#[derive(Default)]
struct Parts {
    components: u64,
    instances: u64,
    functions: u64,
    longest_bytes: u64,
    code_bytes: u64,
    data: u64,
    /// Whether what is open is a component, from the outermost on.
    open: Vec<bool>,
    code_inside: bool,
}

/// Refuses what has too much of anything. What cannot be read is left to the compiler, which says why.
///
/// # Errors
/// A sentence.
pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut parts = Parts { open: vec![true], ..Parts::default() };
    for payload in Parser::new(0).parse_all(bytes) {
        let Ok(()) = payload.and_then(|payload| parts.count(&payload)) else {
            return Ok(());
        };
        parts.check()?;
    }
    Ok(())
}

impl Parts {
    fn count(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::ComponentSection { .. } => {
                self.components += 1;
                self.open.push(true);
            }
            Payload::ModuleSection { .. } => self.open.push(false),
            Payload::End(_) => drop(self.open.pop()),
            Payload::InstanceSection(_) => self.code_inside |= self.open.len() > 1,
            Payload::ComponentInstanceSection(section) => {
                for made in section.clone() {
                    self.instances += u64::from(matches!(made?, ComponentInstance::Instantiate { .. }));
                    if self.instances > INSTANCES_MAX {
                        break;
                    }
                }
            }
            Payload::FunctionSection(section) => self.functions += u64::from(section.count()),
            Payload::CodeSectionEntry(body) => {
                let bytes = body.range().len() as u64;
                self.longest_bytes = self.longest_bytes.max(bytes);
                self.code_bytes += bytes;
            }
            Payload::DataSection(section) => self.data += u64::from(section.count()),
            _ => {}
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        if self.code_inside {
            return Err("a component inside it has code of its own; link all code into one component".to_owned());
        }
        for (what, count, most, hint) in [
            ("components", self.components, COMPONENTS_MAX, "compose it of fewer parts"),
            ("instances of components", self.instances, INSTANCES_MAX, "compose it of fewer parts"),
            ("functions", self.functions, FUNCTIONS_MAX, "build it for size"),
            ("bytes in one function", self.longest_bytes, FUNCTION_MAX_BYTES, "build it for size"),
            ("bytes of functions", self.code_bytes, CODE_MAX_BYTES, "build it for size"),
            ("pieces of data", self.data, DATA_MAX, "join them"),
        ] {
            if count > most {
                return Err(format!(
                    "it has more than {most} {what}, and compiling it could hold up this host; {hint}"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<(), String> {
        check(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn as_much_as_there_may_be_is_let_through_and_one_more_is_not() {
        let held = |count: u64| "(component)".repeat(count as usize);
        let made = |count: u64| format!("(component $c) {}", "(instance (instantiate $c))".repeat(count as usize));
        let functions = |count: u64| format!("(core module {})", "(func)".repeat(count as usize));
        let data =
            |count: u64| format!("(core module (memory 1) {})", "(data (i32.const 0) \"\")".repeat(count as usize));
        for (most, what, parts) in [
            (COMPONENTS_MAX, "16 components", &held as &dyn Fn(u64) -> String),
            (INSTANCES_MAX, "20 instances of components", &made),
            (FUNCTIONS_MAX, "50000 functions", &functions),
            (DATA_MAX, "20000 pieces of data", &data),
        ] {
            checked(&format!("(component {})", parts(most))).unwrap();
            let told = checked(&format!("(component {})", parts(most + 1))).unwrap_err();
            assert!(told.contains(what), "{told}");
        }
    }

    #[test]
    fn a_component_inside_it_may_name_types_and_run_nothing() {
        checked("(component (component (type (record (field \"a\" u8)))))").unwrap();
        let told = checked(
            "(component (core module $m) (component (alias outer 1 $m (core module $m)) (core instance (instantiate $m))))",
        );
        assert!(told.unwrap_err().contains("has code of its own"));
    }

    #[test]
    fn a_long_function_is_refused_and_so_are_many_of_middling_length() {
        let function = |steps: usize| format!("(func {})", "nop ".repeat(steps));
        assert!(checked(&format!("(component (core module {}))", function(1_048_600))).unwrap_err().contains("in one"));
        let many = format!("(component (core module {}))", function(1_000_000).repeat(17));
        assert!(checked(&many).unwrap_err().contains("16777216 bytes of functions"));
    }

    #[test]
    fn what_cannot_be_read_is_left_to_the_compiler() {
        check(b"\0asm\x0d\0\x01\0\xff").unwrap();
    }
}
