//! The derive macro of `nexus-rt`: [`derive(Param)`](macro@Param) makes a struct of params a param.
//!
//! Use it through `nexus-rt`, whose default feature `derive` exports it. The macro's code names items of that crate, so
//! this crate is of no use alone.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::spanned::Spanned;
use syn::{
    Data, DeriveInput, Error, Field, GenericParam, Generics, Index, Lifetime, Member, Path, Result, parse_macro_input,
    parse_quote,
};

/// Makes a struct of params a param: to name a group of params, or to take more than eight.
///
/// The fields may be named or unnamed, and each has a type that is a `Param`. The struct may have any lifetimes, type
/// parameters and const parameters. A field may use a type parameter (`Res<'w, T>`) but not be one (`P`), and not
/// name `Self`. No bound other than `T: 'w` may have a lifetime of the struct, neither in the trait (`T: Borrows<'w>`)
/// nor in the type (`&'w T: Trait`; write `for<'a> &'a T: Trait`).
///
/// A field with `#[param(ignore)]` is not a param: it starts each run as its `Default`. It may be a `PhantomData`, or
/// what the methods of the struct collect during a run.
///
/// If your `Cargo.toml` renames `nexus-rt`, add `#[param(crate = my_name)]` to the struct.
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
    let mut members = Members { params: vec![], ignored: vec![] };
    let mut types = vec![];
    for (member, field) in data.fields.members().zip(&data.fields) {
        if is_ignored(field)? {
            members.ignored.push((member, field));
        } else {
            members.params.push(member);
            types.push(in_static(field.ty.to_token_stream(), &input));
        }
    }

    let prefix = prefix(&input);
    let fields = types.into_iter().map(|ty| quote!(<#ty as #nexus::Param>)).collect();
    let state = State { input: &input, nexus: &nexus, name: format_ident!("{prefix}State"), fields };
    let lints = lint_levels(&input);
    let bound = BOUND.map(|name| format_ident!("{prefix}{name}"));
    let (definition, implementation) = (state.definition(&prefix), state.param(&prefix, &bound, &members));

    Ok(quote! {
        #(#lints)*
        const _: () = {
            // A parameter of a function may have the name of a function, but not that of a constant, a static or a unit
            // struct. These functions hide whatever is in scope.
            #(fn #bound() {})*
            #definition
            #implementation
        };
    })
}

/// The fields of the struct.
struct Members<'a> {
    params: Vec<Member>,
    /// Those that are no params.
    ignored: Vec<(Member, &'a Field)>,
}

/// The parameters of the generated functions.
const BOUND: [&str; 7] = ["registry", "resolver", "list", "visit", "dispatch", "state", "tick"];

/// The state that the struct keeps between runs. It is a separate struct, since a tuple would show the types of all
/// fields, which may be private, to everyone who sees the param.
struct State<'a> {
    input: &'a DeriveInput,
    nexus: &'a Path,
    name: Ident,
    /// `<Type as Param>` for each field that is a param, with the lifetime `'static`.
    fields: Vec<TokenStream>,
}

impl State<'_> {
    fn definition(&self, prefix: &str) -> TokenStream {
        let Self { input, nexus, name, fields } = self;
        let std = quote!(#nexus::__private::core);
        let generics = self.generics();
        let (own, arguments) = (in_static(generics.split_for_impl().0.to_token_stream(), input), self.arguments());
        let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        let predicates: Vec<_> = predicates.map(|predicate| in_static(predicate.to_token_stream(), input)).collect();
        // Required for every lifetime, though it contains none. Otherwise, a tuple that cannot be copied would be an
        // error even where nobody copies it.
        let any = Lifetime::new(&format!("'{prefix}any"), Span::call_site());
        let kept = quote!(for<#any> (#(#fields::State,)*));
        let (marker, types) = (quote!(#std::marker::PhantomData), generics.type_params().map(|param| &param.ident));
        quote! {
            // What is at the end tells the compiler that the struct has a size, so that a field that is not a param is
            // not an error there too. It uses type parameters that only ignored fields use.
            pub struct #name #own ((#(#fields::State,)*), #marker<(#(fn(*const #types),)*)>) where #(#predicates,)*;

            #[automatically_derived]
            impl #own #std::clone::Clone for #name #arguments where #(#predicates,)* #kept: #std::clone::Clone {
                #[inline]
                fn clone(&self) -> Self {
                    Self(#std::clone::Clone::clone(&self.0), #marker)
                }
            }

            // SAFETY: the clone has a clone of each field's state.
            #[automatically_derived]
            unsafe impl #own #nexus::__private::CloneState for #name #arguments
            where
                #(#predicates,)*
                #kept: #nexus::__private::CloneState,
            {
                #[inline]
                fn clone_state(&self) -> Self {
                    Self(#nexus::__private::CloneState::clone_state(&self.0), #marker)
                }
            }

            #[automatically_derived]
            impl #own #std::marker::Copy for #name #arguments where #(#predicates,)* #kept: #std::marker::Copy {}

            #[automatically_derived]
            impl #own #nexus::__private::CopyState for #name #arguments
            where
                #(#predicates,)*
                #kept: #nexus::__private::CopyState,
            {
            }
        }
    }

    /// Returns the generics of the struct without its lifetimes.
    fn generics(&self) -> Generics {
        let mut generics = self.input.generics.clone();
        let params = generics.params.into_iter();
        generics.params = params.filter(|param| !matches!(param, GenericParam::Lifetime(_))).collect();
        generics
    }

    fn arguments(&self) -> TokenStream {
        arguments(&self.generics(), None)
    }

    /// Returns the implementation of `Param` for the struct.
    fn param(&self, prefix: &str, bound: &[Ident; BOUND.len()], members: &Members<'_>) -> TokenStream {
        let Self { input, nexus, name: kept, fields } = self;
        let [registry, resolver, list, visit, _, state, _] = bound;
        let indices = (0..fields.len()).map(Index::from);
        let run = Lifetime::new(&format!("'{prefix}run"), Span::call_site());
        let name = &input.ident;
        let std = quote!(#nexus::__private::core);
        let of_a_run = self.run(prefix, bound, members, &run);
        let (impl_generics, _, where_clause) = input.generics.split_for_impl();
        let (own, of_run) = (arguments(&input.generics, None), arguments(&input.generics, Some(&run)));
        let kept_arguments = self.arguments();
        quote! {
            // SAFETY: every field that is not ignored is a param and receives each call once: resolved with the same
            // resolver, reported by `access`, fetched. An ignored field reaches no resource. A macro in a field's type
            // might expand to another param each time, but all of them have the same type of state; and a state
            // determines by its type which cell is read or written, so the reported access and the fetched one are the
            // same.
            #[automatically_derived]
            unsafe impl #impl_generics #nexus::Param for #name #own #where_clause {
                type State = #kept #kept_arguments;
                type Item<#run> = #name #of_run;
                const REMEMBERS_RUN: #std::primitive::bool = false #(|| #fields::REMEMBERS_RUN)*;

                #[inline]
                fn try_init(
                    #registry: &#nexus::Registry,
                    #resolver: &mut #nexus::param::Resolver,
                ) -> #std::option::Option<Self::State> {
                    #std::option::Option::Some(#kept(
                        (#(#fields::try_init(#registry, #resolver)?,)*),
                        #std::marker::PhantomData,
                    ))
                }

                fn requests(#list: &mut #nexus::param::Requests) {
                    #(#fields::requests(#list);)*
                }

                fn access(#state: &Self::State, #visit: &mut dyn #std::ops::FnMut(#nexus::param::Access)) {
                    #(#fields::access(&#state.0.#indices, #visit);)*
                }

                #of_a_run
            }
        }
    }

    /// Returns what is called for each run.
    fn run(&self, prefix: &str, bound: &[Ident; BOUND.len()], members: &Members<'_>, run: &Lifetime) -> TokenStream {
        let Self { input, nexus, fields, .. } = self;
        let [.., dispatch, state, tick] = bound;
        let (name, std) = (&input.ident, quote!(#nexus::__private::core));
        let Members { params, ignored } = members;
        let indices: Vec<_> = (0..params.len()).map(Index::from).collect();
        // A function of its own: in `fetch`, which is unsafe, `crate = ..` could lead to an unsafe function.
        let [fresh, value] = ["fresh", "Value"].map(|name| format_ident!("{prefix}{name}"));
        let default = (!ignored.is_empty()).then(|| {
            quote! {
                #[inline(always)]
                fn #fresh<#value: #std::default::Default>() -> #value {
                    <#value as #std::default::Default>::default()
                }
            }
        });
        let ignored = ignored.iter().map(|(member, field)| {
            // Shown at the field, in case that its type has no default.
            let span = Span::call_site().located_at(field.ty.span());
            let call = quote!(#fresh()).into_iter().map(|mut tree| {
                tree.set_span(span);
                tree
            });
            let call: TokenStream = call.collect();
            quote!(#member: #call)
        });
        quote! {
            #[inline(always)]
            unsafe fn fetch<#run>(
                #dispatch: #nexus::param::Dispatch<#run>,
                #state: &#run mut Self::State,
            ) -> Self::Item<#run> {
                #default
                #name {
                    #(
                        // SAFETY: the caller's promises for the struct hold for each field.
                        #params: unsafe { #fields::fetch(#dispatch, &mut #state.0.#indices) },
                    )*
                    #(#ignored,)*
                }
            }

            #[inline(always)]
            fn end_run(#state: &mut Self::State, #tick: #std::primitive::u64) {
                #(
                    if #fields::REMEMBERS_RUN {
                        #fields::end_run(&mut #state.0.#indices, #tick);
                    }
                )*
            }
        }
    }
}

/// Returns the path of the library: `::nexus_rt`, or the path in `#[param(crate = ..)]`.
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

/// Returns whether the field has `#[param(ignore)]`.
fn is_ignored(field: &Field) -> Result<bool> {
    let mut ignored = false;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("param")) {
        attribute.meta.require_list().map_err(|_| Error::new(attribute.span(), "write `#[param(ignore)]`"))?;
        attribute.parse_nested_meta(|meta| {
            ignored = meta.path.is_ident("ignore");
            let message = "on a field, `param` knows only `ignore`: `crate = path` belongs on the struct";
            if ignored { Ok(()) } else { Err(meta.error(message)) }
        })?;
        if !ignored {
            return Err(Error::new(attribute.span(), "write `#[param(ignore)]`"));
        }
    }
    Ok(ignored)
}

/// Returns a prefix for names that the struct does not contain, so that they hide none of its generics and nothing that
/// its fields name.
fn prefix(input: &DeriveInput) -> String {
    let text = input.to_token_stream().to_string();
    let mut prefix = "__nexus_rt_".to_owned();
    while text.contains(&prefix) {
        prefix.push('_');
    }
    prefix
}

/// Returns the lints that the struct allows, for the code generated beside it.
fn lint_levels(input: &DeriveInput) -> impl Iterator<Item = TokenStream> {
    let levels =
        input.attrs.iter().filter(|attribute| ["allow", "expect"].iter().any(|name| attribute.path().is_ident(name)));
    levels.filter_map(|attribute| attribute.meta.require_list().ok()).map(|list| {
        let lints = &list.tokens;
        quote!(#[allow(#lints)])
    })
}

/// Returns the generics as arguments, with the lifetimes replaced by `lifetime` if it is given.
fn arguments(generics: &Generics, lifetime: Option<&Lifetime>) -> TokenStream {
    let arguments = generics.params.iter().map(|param| match param {
        GenericParam::Lifetime(param) => lifetime.unwrap_or(&param.lifetime).to_token_stream(),
        GenericParam::Type(param) => param.ident.to_token_stream(),
        // In braces: without them, it would be a type if one of that name exists.
        GenericParam::Const(param) => {
            let name = &param.ident;
            quote!({ #name })
        }
    });
    quote!(<#(#arguments),*>)
}

/// Returns a part of the struct with the struct's lifetimes replaced by `'static`. Works on tokens instead of types,
/// since macros may write types.
fn in_static(part: TokenStream, input: &DeriveInput) -> TokenStream {
    let own: Vec<_> = input.generics.lifetimes().map(|param| &param.lifetime.ident).collect();
    let mut after_quote = false;
    let trees = part.into_iter().map(|tree| {
        let in_lifetime =
            std::mem::replace(&mut after_quote, matches!(&tree, TokenTree::Punct(p) if p.as_char() == '\''));
        match tree {
            TokenTree::Group(group) => {
                let mut mapped = Group::new(group.delimiter(), in_static(group.stream(), input));
                mapped.set_span(group.span());
                mapped.into()
            }
            TokenTree::Ident(ident) if in_lifetime && own.contains(&&ident) => {
                Ident::new("static", ident.span()).into()
            }
            tree => tree,
        }
    });
    trees.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the names that begin like those of the derive, with their positions.
    fn names(text: &str) -> impl Iterator<Item = (usize, &str)> {
        let words =
            |(at, _)| text[at..].split(|c: char| !(c.is_alphanumeric() || c == '_')).next().map(|name| (at, name));
        text.match_indices("__nexus_rt_").filter_map(words)
    }

    #[test]
    fn every_name_that_is_bound_hides_what_may_be_in_scope() {
        let text = expand(parse_quote!(
            struct S<'w, T>(Res<'w, T>);
        ))
        .expect("it is a param")
        .to_string();
        for (at, name) in names(&text) {
            let hides = [format!("fn {name} ()"), format!("pub struct {name} ")].iter().any(|item| text.contains(item));
            assert!(hides || text[..at].ends_with('\''), "{name} is not hidden: {text}");
        }
    }

    #[test]
    fn names_are_not_those_of_the_struct() {
        let input = parse_quote!(
            struct S<'__nexus_rt_run>(Res<'__nexus_rt_run, u8>);
        );
        let text = expand(input).expect("it is a param").to_string();
        assert!(names(&text).all(|(_, name)| name.starts_with("__nexus_rt__") || name == "__nexus_rt_run"), "{text}");
    }
}
