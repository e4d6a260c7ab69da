//! Room for registrations, by index and generation.

use super::event::MioToken;

/// No token carries this generation: a slot that reached it is retired.
const RETIRED: u32 = u32::MAX;

/// Registrations of one driver.
pub(super) struct Slots<T> {
    driver: u32,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Slots<T> {
    pub(super) fn new(driver: u32) -> Self {
        Self { driver, slots: Vec::new(), free: Vec::new() }
    }

    pub(super) fn insert(&mut self, value: T) -> MioToken {
        let index = self.free.pop().unwrap_or_else(|| {
            let index = u32::try_from(self.slots.len()).expect("a process has fewer than 2^32 files");
            self.slots.push(Slot { generation: 0, value: None });
            index
        });
        let slot = &mut self.slots[index as usize];
        slot.value = Some(value);
        MioToken { driver: self.driver, index, generation: slot.generation }
    }

    /// The registration, if the token is of one that is here.
    #[inline]
    pub(super) fn get(&self, token: MioToken) -> Option<&T> {
        let slot = self.slots.get(token.index as usize)?;
        if token.driver == self.driver && token.generation == slot.generation { slot.value.as_ref() } else { None }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, token: MioToken) -> Option<&mut T> {
        let slot = self.slots.get_mut(token.index as usize)?;
        if token.driver == self.driver && token.generation == slot.generation { slot.value.as_mut() } else { None }
    }

    /// Takes a registration out; its token names nothing from here on.
    pub(super) fn remove(&mut self, token: MioToken) -> Option<T> {
        self.get(token)?;
        let slot = &mut self.slots[token.index as usize];
        slot.generation += 1;
        if slot.generation != RETIRED {
            self.free.push(token.index);
        }
        slot.value.take()
    }

    pub(super) fn len(&self) -> usize {
        self.slots.iter().filter(|slot| slot.value.is_some()).count()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (MioToken, &T)> {
        (0..).zip(&self.slots).filter_map(|(index, slot)| {
            let token = MioToken { driver: self.driver, index, generation: slot.generation };
            Some((token, slot.value.as_ref()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_one_registration_for_ever() {
        let mut slots = Slots::new(1);
        let old = slots.insert('a');
        assert_eq!((slots.remove(old), slots.remove(old), slots.get(old)), (Some('a'), None, None));
        let new = slots.insert('b');
        assert_eq!((new.index, new.generation, slots.get(old), slots.get(new)), (0, 1, None, Some(&'b')));
        let foreign = MioToken { driver: 2, ..new };
        assert!(slots.get(foreign).is_none() && slots.get_mut(foreign).is_none() && slots.remove(foreign).is_none());
        assert_eq!((slots.len(), slots.iter().collect::<Vec<_>>()), (1, vec![(new, &'b')]));
    }

    #[test]
    fn a_slot_whose_generations_are_used_up_is_retired() {
        let mut slots = Slots::new(1);
        let first = slots.insert('a');
        slots.slots[0].generation = RETIRED - 1;
        let last = MioToken { generation: RETIRED - 1, ..first };
        assert_eq!(slots.remove(last), Some('a'));
        assert_eq!(slots.insert('b').index, 1);
        assert_eq!(slots.remove(last), None);
    }
}
