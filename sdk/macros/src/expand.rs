//! The function, the constant beside it, and on `wasm32` the exports.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, Path, Result, ReturnType, Type};

use crate::args::{Arguments, Read};

pub(crate) fn expand(arguments: &Arguments, function: &ItemFn) -> Result<TokenStream> {
    check(function)?;
    let ident = &function.sig.ident;
    let name = match &arguments.name {
        Some(name) => name.value(),
        None => ident.to_string().replace('_', "-"),
    };
    let version = match &arguments.version {
        Some(version) => quote!(#version),
        None => quote!(::core::env!("CARGO_PKG_VERSION")),
    };
    let (kinds, effects) = (&arguments.kinds, &arguments.effects);
    let reads = arguments.reads.iter().map(declared_read);
    let state_schema = match &arguments.state_schema {
        Some(number) => quote!(#number),
        None => quote!(1),
    };
    let (feedback, migrate) = (hook(arguments.feedback.as_ref()), hook(arguments.migrate.as_ref()));
    Ok(quote! {
        #function

        /// This governor: its manifest, and the functions behind it.
        pub const GOVERNOR: ::syndic_sdk::Governor = ::syndic_sdk::Governor {
            name: #name,
            version: #version,
            kinds: &[#(#kinds),*],
            reads: &[#(#reads),*],
            effects: &[#(#effects),*],
            state_schema: #state_schema,
            parse: ::syndic_sdk::Event::parse_of::<{ ::syndic_sdk::Event::set_of(&[#(#kinds),*]) }>,
            evaluate: #ident,
            feedback: #feedback,
            migrate: #migrate,
        };

        #[cfg(target_arch = "wasm32")]
        ::syndic_sdk::component!(GOVERNOR);
    })
}

/// Says what shape the function has to have, where the compiler would speak of function pointers.
fn check(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    let refuse = |span, sentence: &str| Err(Error::new(span, sentence));
    if let Some(word) = &signature.asyncness {
        return refuse(word.span(), "a governor never waits: what it wants done it asks for as an effect");
    }
    if !signature.generics.params.is_empty() {
        return refuse(signature.generics.span(), "a governor has no type parameters");
    }
    let borrows = |argument: &FnArg| matches!(argument, FnArg::Typed(typed) if matches!(*typed.ty, Type::Reference(_)));
    if signature.inputs.len() != 1 {
        return refuse(signature.paren_token.span.join(), "a governor takes one argument: `cx: &Context`");
    }
    if let Some(argument) = signature.inputs.iter().find(|argument| !borrows(argument)) {
        return refuse(argument.span(), "a governor borrows what it judges: `cx: &Context`");
    }
    if matches!(signature.output, ReturnType::Default) {
        return refuse(signature.ident.span(), "a governor answers: write `-> Answer` before its body");
    }
    Ok(())
}

fn declared_read(read: &Read) -> TokenStream {
    let Read { tenant, exact, name } = read;
    let subject = if *tenant { quote!(Tenant) } else { quote!(Customer) };
    quote!(::syndic_sdk::Read { subject: ::syndic_sdk::Subject::#subject, name: #name, exact: #exact })
}

fn hook(path: Option<&Path>) -> TokenStream {
    match path {
        Some(path) => quote_spanned!(path.span()=> ::core::option::Option::Some(#path)),
        None => quote!(::core::option::Option::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_error(function: &str, sentence: &str) {
        let arguments = syn::parse_str(r#"kinds = ["RenewalDue"]"#).expect("these arguments are right");
        let function = syn::parse_str(function).expect("this is a function");
        let error = expand(&arguments, &function).expect_err("this function is no governor");
        assert!(error.to_string().contains(sentence), "`{error}` does not say `{sentence}`");
    }

    #[test]
    fn a_function_of_another_shape_is_told_the_right_one() {
        check_error("async fn g(cx: &Context) -> Answer {}", "never waits");
        check_error("fn g<T>(cx: &Context) -> Answer {}", "no type parameters");
        check_error("fn g() -> Answer {}", "one argument: `cx: &Context`");
        check_error("fn g(cx: &Context, event: Event) -> Answer {}", "one argument: `cx: &Context`");
        check_error("fn g(cx: Context) -> Answer {}", "borrows what it judges: `cx: &Context`");
        check_error("fn g(cx: &Context) { approve() }", "write `-> Answer`");
    }

    #[test]
    fn a_governor_without_a_version_has_its_crates() {
        let expanded = |arguments: &str| {
            let function = syn::parse_str("fn g(cx: &Context) -> Answer { approve() }").expect("this is a function");
            expand(&syn::parse_str(arguments).expect(arguments), &function).expect(arguments).to_string()
        };
        assert!(expanded(r#"kinds = ["A"]"#).contains(r#"version : :: core :: env ! ("CARGO_PKG_VERSION")"#));
        assert!(expanded(r#"kinds = ["A"], version = "2.0.0""#).contains(r#"version : "2.0.0""#));
    }
}
