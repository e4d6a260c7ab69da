use nexus_rt::{Param, Res};

#[derive(Param)]
enum Either<'w> {
    A(Res<'w, u8>),
}

#[derive(Param)]
struct WithValue<'w> {
    a: Res<'w, u8>,
    b: u32,
}

#[derive(Param)]
#[param(krate = nexus_rt)]
struct Misspelt<'w>(Res<'w, u8>);

#[derive(Param)]
struct OnAField<'w>(#[param(skip)] Res<'w, u8>);

struct NoDefault;

#[derive(Param)]
struct Ignores<'w>(Res<'w, u8>, #[param(ignore)] NoDefault);

#[derive(Param)]
struct Bare<'w>(Res<'w, u8>, #[param] u8);

#[derive(Param)]
struct Empty<'w>(Res<'w, u8>, #[param()] u8);

fn main() {}
