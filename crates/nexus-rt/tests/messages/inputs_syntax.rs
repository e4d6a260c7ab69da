use nexus_journal::inputs;

fn main() {}

inputs! {
    enum SeveralValues {
        1 = Add(u64, u64),
    }
}

inputs! {
    enum WithoutANumber {
        Add(u64),
    }
}

struct Order;

inputs! {
    enum NoPayload {
        1 = Buy(Order),
    }
}
