//! Things by a small number: as a map, without a search.

/// By number; numbers that have nothing take a place all the same.
#[derive(Debug, Clone)]
pub(crate) struct Numbered<T>(Vec<Option<T>>);

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Numbered<T> {
    pub(crate) fn get(&self, number: usize) -> Option<&T> {
        self.0.get(number)?.as_ref()
    }

    pub(crate) fn has(&self, number: usize) -> bool {
        self.get(number).is_some()
    }

    /// What was there before.
    pub(crate) fn insert(&mut self, number: usize, thing: T) -> Option<T> {
        if self.0.len() <= number {
            self.0.resize_with(number + 1, || None);
        }
        self.0[number].replace(thing)
    }

    pub(crate) fn remove(&mut self, number: usize) -> Option<T> {
        self.0.get_mut(number)?.take()
    }

    /// Numbers that have something, ascending.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = usize> {
        let all = self.0.iter().enumerate();
        all.filter_map(|(number, thing)| thing.as_ref().map(|_| number))
    }
}

#[cfg(test)]
mod tests {
    use super::Numbered;

    #[test]
    fn it_is_a_map() {
        let mut things = Numbered::default();
        assert_eq!(
            (things.insert(3, 'a'), things.insert(3, 'b'), things.insert(1, 'c')),
            (None, Some('a'), None)
        );
        assert_eq!((things.get(3), things.get(2), things.get(9)), (Some(&'b'), None, None));
        assert_eq!(things.numbers().collect::<Vec<usize>>(), [1, 3]);
        assert_eq!(
            (things.remove(3), things.remove(3), things.has(1), things.has(3)),
            (Some('b'), None, true, false)
        );
    }
}
