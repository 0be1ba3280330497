//! Names from outside that become part of ours.

/// The longest name of a SKU or a resource that is kept: timers and effects are named after it, and what is around it
/// there has to fit into 128 bytes too.
const NAME_BYTES_MAX: usize = 100;

/// Whether a name may become part of the name of a fact, a timer or an effect. A `*` may not: where facts are
/// declared it stands for any name. Nothing of another name is stored, so looking for one finds nothing.
pub fn nameable(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.contains('*')
}
