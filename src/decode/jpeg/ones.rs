//! Where the ones of a word are: the coefficients among which a further scan counts its runs (ITU-T
//! T.81 G.1.2.3).

/// Room for the places of 64 ones, the last eight written at once, in a power of two.
pub(super) const ROOM: usize = 128;

/// By byte: the places of its ones, packed from the low end, and how many there are.
const ONES: [(u64, u8); 256] = {
    let mut table = [(0, 0); 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut places, mut count, mut bit) = (0_u64, 0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                places |= bit << (8 * count);
                count += 1;
            }
            bit += 1;
        }
        table[byte] = (places, count);
        byte += 1;
    }
    table
};

/// Lists the places of the ones of a word; gives their number. No branch depends on the word.
#[inline(always)]
pub(super) fn list_ones(word: u64, places: &mut [u8; ROOM]) -> usize {
    let mut count = 0;
    for (index, byte) in word.to_le_bytes().into_iter().enumerate() {
        let (packed, ones) = ONES[usize::from(byte)];
        let shifted = packed + 0x0808_0808_0808_0808 * index as u64;
        places[count & 63..(count & 63) + 8].copy_from_slice(&shifted.to_le_bytes());
        count += usize::from(ones);
    }
    count
}
