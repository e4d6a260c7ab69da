//! Side chains: `tee` and `view`.

use std::marker::PhantomData;

use super::{ByReference, Chain, Lending, Pushed};
use crate::step::{Finished, Start, Step, StepRef, Tee, Verdict, View, ViewAt};

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
    /// value goes on: unchanged after `()`, as an `Option` after `bool` and `Option<()>`, as a `Result` after
    /// `Result<(), E>`. See [`ViewAt`] for an example.
    pub fn view<'a, V, A, Out>(
        self,
        side: impl FnOnce(Chain<C, T, <V as ViewAt<'a, T>>::Item, Start, ByReference>) -> Chain<C, T, Out, A, ByReference>,
    ) -> Pushed<C, In, S, K, View<V, A>, Out::Out>
    where
        T: 'a,
        V: for<'b> ViewAt<'b, T>,
        A: for<'b> Step<C, <V as ViewAt<'b, T>>::Item, Out = Out>,
        Out: Verdict<T>,
    {
        self.push(View(side(Chain::start()).steps, PhantomData))
    }
}
