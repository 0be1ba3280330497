//! The function, the constant beside it, and on `wasm32` the exports.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, ItemFn, Path, Result};

use crate::args::{Arguments, Read};

pub(crate) fn expand(arguments: &Arguments, function: &ItemFn) -> Result<TokenStream> {
    check(function)?;
    let ident = &function.sig.ident;
    let name = match &arguments.name {
        Some(name) => name.value(),
        None => ident.to_string().replace('_', "-"),
    };
    let (version, kinds, effects) = (&arguments.version, &arguments.kinds, &arguments.effects);
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
    if signature.inputs.len() != 1 {
        return refuse(signature.paren_token.span.join(), "a governor takes one argument: `cx: &Context`");
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
