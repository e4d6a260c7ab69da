//! Side chains: `tee` and `view`.

use std::marker::PhantomData;

use super::{ByReference, Chain, Lending, Pushed};
use crate::sealed::Internal;
use crate::step::{EndsView, Finished, Start, StepRef, Tee, View, ViewAt};

impl<C, In: ?Sized, T, S, K> Chain<C, In, T, S, K> {
    /// Shows a reference to the value to a side chain that ends with `()` or `Option<()>`; the value goes on unchanged.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(Vec::<String>::new());
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<u32>::new()
    ///     .tee(|x| x.then(|x: &u32| format!("saw {x}"), reg).then(|mut log: ResMut<Vec<String>>, s: String| log.push(s), reg))
    ///     .then(|x: u32| x + 1, reg)
    ///     .build();
    /// assert_eq!(chain.run(&mut world, 4), 5);
    /// assert_eq!(*world.resource::<Vec<String>>(), ["saw 4"]);
    /// ```
    pub fn tee<'a, A, Out: Finished>(
        self,
        side: impl FnOnce(Lending<'a, C, T>) -> Chain<C, T, Out, A, ByReference>,
    ) -> Pushed<C, In, S, K, Tee<A>, T>
    where
        T: 'a,
        A: StepRef<C, T, Out = Out>,
    {
        self.push(Tee(side(Chain::start()).steps))
    }

    /// Runs a side chain over a projection of the value, made by `V`. The output of the side chain decides how the
    /// value goes on: unchanged after `()` or the projection itself, as an `Option` after `bool`, `Option<()>` or an
    /// `Option` of the projection, as a `Result` after `Result<(), E>`. See [`ViewAt`] for an example.
    ///
    /// If the projection is itself a `bool`, a `()`, an `Option<()>` or a `Result<(), E>`, the side chain cannot end
    /// with it, nor one over a `()` with an `Option<()>`, since that would mean two things. Over a `bool`, end with an
    /// `Option`, as after `guard`. Over one of the others, end with a `bool`, from a function such as
    /// `|found: Option<()>| found.is_some()`.
    pub fn view<'a, V, A, L>(
        self,
        side: impl FnOnce(Chain<C, T, <V as ViewAt<'a, T>>::Item, Start, ByReference>) -> A,
    ) -> Pushed<C, In, S, K, View<V, A::Steps, L>, <A::Steps as EndsView<C, T, V, A::End, L>>::Next>
    where
        T: 'a,
        V: for<'b> ViewAt<'b, T>,
        A: SideChain<C, T>,
        A::Steps: EndsView<C, T, V, A::End, L>,
    {
        self.push(View(side(Chain::start()).into_steps(Internal), PhantomData))
    }
}

/// A chain over a part of a `T`, as the side chain of [`view`](Chain::view) returns it.
pub trait SideChain<C, T> {
    /// The steps.
    type Steps;

    /// What the last of them gives.
    type End;

    /// Returns the steps.
    #[doc(hidden)]
    fn into_steps(self, _: Internal) -> Self::Steps;
}

impl<C, T, Out, S> SideChain<C, T> for Chain<C, T, Out, S, ByReference> {
    type Steps = S;
    type End = Out;

    fn into_steps(self, _: Internal) -> S {
        self.steps
    }
}
