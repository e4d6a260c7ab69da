//! Side chains: `tee` and `view`.

use std::marker::PhantomData;

use super::{ByReference, Chain, Lending, Pushed};
use crate::sealed::Internal;
use crate::step::{EndsView, Finished, Start, StepRef, Tee, View, ViewAt};

impl<C, In: ?Sized, T, S, K> Chain<C, In, T, S, K> {
    /// Runs a side chain on a reference to the value, and passes the value on unchanged.
    ///
    /// The side chain ends with `()` or `Option<()>`.
    ///
    /// ```
    /// use nexus_rt::{PipelineStart, ResMut, WorldBuilder};
    ///
    /// let mut builder = WorldBuilder::new();
    /// builder.register(Vec::<String>::new());
    /// let mut world = builder.build();
    /// let reg = world.registry();
    /// let log = |mut log: ResMut<Vec<String>>, line: String| log.push(line);
    /// let mut chain = PipelineStart::<u32>::new()
    ///     .tee(|x| x.then(|x: &u32| format!("saw {x}"), reg).then(log, reg))
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

    /// Runs a side chain on a projection of the value, whose output decides how the value is passed on.
    ///
    /// `V` makes the projection: see [`ViewAt`].
    ///
    /// ```
    /// use nexus_rt::chain::ViewAt;
    /// use nexus_rt::{PipelineStart, WorldBuilder};
    ///
    /// struct Quantity;
    ///
    /// impl<'a> ViewAt<'a, (&'static str, u32)> for Quantity {
    ///     type Item = u32;
    ///
    ///     fn view((_, quantity): &'a (&'static str, u32)) -> u32 {
    ///         *quantity
    ///     }
    /// }
    ///
    /// let mut world = WorldBuilder::new().build();
    /// let reg = world.registry();
    /// let mut chain = PipelineStart::<(&str, u32)>::new()
    ///     .view::<Quantity, _, _>(|quantity| quantity.then(|x: u32| x >= 10, reg))
    ///     .build();
    /// assert_eq!(chain.run(&mut world, ("BTC", 12)), Some(("BTC", 12)));
    /// assert_eq!(chain.run(&mut world, ("ETH", 1)), None);
    /// ```
    ///
    /// | the side chain ends with | the value is passed on |
    /// |---|---|
    /// | `()`, or the projection | unchanged |
    /// | `bool`, `Option<()>`, or an `Option` of the projection | as an `Option` |
    /// | `Result<(), E>` | as a `Result` |
    ///
    /// Some combinations would mean two things, so they are refused. If the projection is itself a `bool`, a `()`, an
    /// `Option<()>` or a `Result<(), E>`, the side chain cannot end with it. If the projection is a `()`, the side
    /// chain cannot end with an `Option<()>` either. Over a `bool`, end with an `Option`, as after `guard`. Over one of
    /// the others, end with a `bool`, from a function such as `|found: Option<()>| found.is_some()`.
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

/// A chain over a projection of a `T`: the side chain of a [`view`](Chain::view).
pub trait SideChain<C, T> {
    /// The steps.
    type Steps;

    /// What the last of them returns.
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
