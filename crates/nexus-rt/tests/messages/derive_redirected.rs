use nexus_rt::{Param, Res};

mod other {
    pub(crate) use nexus_rt::{Param, Registry, param};
    pub(crate) mod __private {
        pub(crate) use nexus_rt::__private::{CloneState, CopyState};
        pub(crate) mod core {
            pub(crate) use core::{clone, marker, ops, option, primitive};
            pub(crate) mod default {
                #[allow(non_snake_case)]
                pub(crate) mod Default {
                    pub(crate) use core::mem::zeroed as default;
                }
            }
        }
    }
}

#[derive(Param)]
#[param(crate = other)]
struct Zeroed<'w> {
    n: Res<'w, u64>,
    #[param(ignore)]
    text: [&'w u64; 1],
}

fn main() {}
