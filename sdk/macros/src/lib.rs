//! `#[governor(…)]`: turns a function into a governor.
//!
//! Everything that can be known to be wrong is said while compiling, at the word that is wrong, with what to write
//! instead; a manifest that a host would turn away should never become a component.
//!
//! Not here: what the expansion refers to (`syndic_sdk::Governor`, `syndic_sdk::wire`).

mod args;
mod expand;

use proc_macro::TokenStream;
use syn::{ItemFn, parse_macro_input};

/// Makes a governor of a function `fn name(cx: &Context) -> Answer`.
///
/// | Argument | Means | Without it |
/// |---|---|---|
/// | `kinds = ["PaymentProcessed"]` | the event kinds it judges; `TimerFired` and `EffectSettled` too, if it wants them | an error |
/// | `version = "1.0.0"` | its semantic version | the crate's |
/// | `name = "billing"` | its name | the function's, with hyphens |
/// | `reads = ["billing.*", "tenant:product-catalog.sku.*", "tenant!:x"]` | the facts it may read: the customer's, the tenant's, the tenant's exactly | none |
/// | `effects = ["mail"]` | the actions it may ask for | none |
/// | `state_schema = 2` | the version of the shape of its own facts | 1 |
/// | `feedback = path` | `fn(&Context, &[EffectResult]) -> Answer` | refuses if any answer was no |
/// | `migrate = path` | `fn(u32, Vec<Fact>) -> Result<Vec<Fact>, Fault>` | facts stay as they are |
///
/// The function stays as it is. Beside it appears `pub const GOVERNOR: syndic_sdk::Governor`, which the test kit takes,
/// and on `wasm32` the component's exports.
#[proc_macro_attribute]
pub fn governor(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as args::Arguments);
    let function = match syn::parse::<ItemFn>(item) {
        Ok(function) => function,
        Err(why) => {
            let help = "`#[governor(…)]` stands on a function: `fn name(cx: &Context) -> Answer { … }`";
            return syn::Error::new(why.span(), help).into_compile_error().into();
        }
    };
    expand::expand(&arguments, &function).unwrap_or_else(syn::Error::into_compile_error).into()
}
