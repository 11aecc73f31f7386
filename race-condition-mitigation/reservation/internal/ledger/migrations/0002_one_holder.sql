-- The last guard: whatever Valkey forgot or a service believed, no seat is two orders'.
ALTER TABLE taken ADD CONSTRAINT taken_one_holder UNIQUE (show_id, seat_id);
-- And no hold is two orders': one that released its pin has left the hold a tombstone.
CREATE UNIQUE INDEX settlements_one_order ON settlements (show_id, subject, hold_id) WHERE state <> 'released';
