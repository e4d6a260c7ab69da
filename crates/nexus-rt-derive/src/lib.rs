//! The derive macro of nexus-rt. Use it through the `derive` feature of `nexus-rt`, which re-exports it.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{
    Data, DeriveInput, Error, GenericParam, Generics, Index, Lifetime, Path, Result, parse_macro_input, parse_quote,
};

/// Makes a struct of params a param: to name a group of them, or to take more than eight.
///
/// Works on structs with named or unnamed fields, each of a type that is a `Param`, with any lifetimes, type and const
/// generics. A field may use a type parameter (`Res<'w, T>`) but not be one (`P`). If `nexus-rt` goes by another name in
/// your `Cargo.toml`, say so: `#[param(crate = my_name)]`.
#[proc_macro_derive(Param, attributes(param))]
pub fn derive_param(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(input).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: DeriveInput) -> Result<TokenStream> {
    let nexus = crate_path(&input)?;
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(input.ident.span(), "only a struct can be a param: its fields are the params in it"));
    };

    if let Some(attribute) = data.fields.iter().flat_map(|field| &field.attrs).find(|a| a.path().is_ident("param")) {
        return Err(Error::new(attribute.span(), "`param` stands on the struct, not on a field"));
    }
    let types: Vec<_> = data.fields.iter().map(|field| &field.ty).collect();
    let members: Vec<_> = data.fields.members().collect();
    let indices: Vec<_> = (0..types.len()).map(Index::from).collect();
    // Names that no item or generic of the user's has.
    let local = |name: &str| format_ident!("__nexus_rt_{name}");
    let [registry, report, list, visit, dispatch, state] =
        ["registry", "report", "list", "visit", "dispatch", "state"].map(local);

    let name = &input.ident;
    let (impl_generics, generics, where_clause) = input.generics.split_for_impl();
    let run = Lifetime::new("'__nexus_rt_run", Span::mixed_site());
    let item_generics = with_lifetime(&input.generics, &run);

    Ok(quote! {
        // SAFETY: every field is a param and is passed on to once: resolved with the same report, told by `access`, fetched. A
        // macro in a field's type might give another param each time, but all have the same type of state; and a state says by
        // its type which cell is read or written, so what is told and fetched of it is the same.
        unsafe impl #impl_generics #nexus::Param for #name #generics #where_clause {
            type State = (#(<#types as #nexus::Param>::State,)*);
            type Item<#run> = #name #item_generics;

            #[inline]
            fn try_init(
                #registry: &#nexus::Registry,
                #report: &mut #nexus::Report,
            ) -> ::core::option::Option<Self::State> {
                ::core::option::Option::Some((#(<#types as #nexus::Param>::try_init(#registry, #report)?,)*))
            }

            fn requests(#list: &mut #nexus::Requests) {
                #(<#types as #nexus::Param>::requests(#list);)*
            }

            fn access(#state: &Self::State, #visit: &mut dyn ::core::ops::FnMut(#nexus::Access)) {
                #(<#types as #nexus::Param>::access(&#state.#indices, #visit);)*
            }

            #[inline(always)]
            unsafe fn fetch<#run>(
                #dispatch: #nexus::Dispatch<#run>,
                #state: &#run mut Self::State,
            ) -> Self::Item<#run> {
                #name {
                    #(
                        // SAFETY: the caller's promises for the struct hold for each field.
                        #members: unsafe { <#types as #nexus::Param>::fetch(#dispatch, &mut #state.#indices) },
                    )*
                }
            }
        }
    })
}

/// The path of the library: `::nexus_rt`, or what `#[param(crate = ..)]` says.
fn crate_path(input: &DeriveInput) -> Result<Path> {
    let mut path = parse_quote!(::nexus_rt);
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("param")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("`param` knows only `crate = path`"));
            }
            path = meta.value()?.call(Path::parse_mod_style)?;
            Ok(())
        })?;
    }
    if let Some(attribute) = input.attrs.iter().find(|a| a.path().is_ident("param") && a.meta.require_list().is_err()) {
        return Err(Error::new(attribute.span(), "write `#[param(crate = path)]`"));
    }
    Ok(path)
}

/// The struct's own generics as arguments, each lifetime replaced by `lifetime`.
fn with_lifetime(generics: &Generics, lifetime: &Lifetime) -> TokenStream {
    let arguments = generics.params.iter().map(|param| match param {
        GenericParam::Lifetime(_) => quote!(#lifetime),
        GenericParam::Type(param) => {
            let name = &param.ident;
            quote!(#name)
        }
        GenericParam::Const(param) => {
            let name = &param.ident;
            quote!(#name)
        }
    });
    quote!(<#(#arguments),*>)
}
