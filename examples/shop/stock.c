/* What the shop has when it opens: made up, but always the same. SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include <stdio.h>
#include <string.h>

enum { OLD_ORDER_COUNT = 30000, DESCRIPTION_WORDS = 60 };

static const char schema[] =
    "CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, description TEXT, category INTEGER,"
    " cents INTEGER, stock INTEGER, popularity INTEGER);"
    "CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER, product INTEGER, quantity INTEGER,"
    " cents INTEGER);"
    "CREATE INDEX orders_by_product ON orders(product, customer);"
    "CREATE INDEX orders_by_customer ON orders(customer, product);"
    "CREATE TABLE report(section TEXT, name TEXT, orders INTEGER, cents INTEGER);";

static const char *const words[] = {
    "granite", "summit",   "trail", "boots",  "canvas",  "lantern", "rope",   "compass", "wool",   "flask",
    "tent",    "light",    "warm",  "sturdy", "folding", "steel",   "copper", "leather", "winter", "river",
    "map",     "whistle",  "stove", "kettle", "blanket", "axe",     "knife",  "gloves",  "scarf",  "jacket",
    "pine",    "mountain", "rain",  "proof",  "pocket",  "quiet",   "bright", "heavy",   "small",  "classic",
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void write_words(char *text, size_t text_bytes, unsigned count, uint64_t *random)
{
    size_t length = 0;
    for (unsigned i = 0; i < count && length < text_bytes; i++) {
        const char *word = words[next_random(random) % (sizeof words / sizeof *words)];
        length += (size_t)snprintf(text + length, text_bytes - length, "%s%s", i ? " " : "", word);
    }
}

static bool fill_products(struct database *database, unsigned stock, uint64_t *random)
{
    char name[64], description[640];
    sqlite3_stmt *insert = database_prepare(database, "INSERT INTO product VALUES(?, ?, ?, ?, ?, ?, 0)");
    for (int id = 1; insert && id <= PRODUCT_COUNT; id++) {
        write_words(name, sizeof name, 2, random);
        write_words(description, sizeof description, DESCRIPTION_WORDS, random);
        sqlite3_bind_int(insert, 1, id);
        sqlite3_bind_text(insert, 2, name, -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(insert, 3, description, -1, SQLITE_TRANSIENT);
        sqlite3_bind_int(insert, 4, id % CATEGORY_COUNT);
        sqlite3_bind_int(insert, 5, (int)(next_random(random) % 20000) + 99);
        sqlite3_bind_int(insert, 6, (int)stock);
        if (!database_finish(insert)) return false;
    }
    return insert != NULL;
}

static bool fill_orders(struct database *database, uint64_t *random)
{
    sqlite3_stmt *insert = database_prepare(
        database, "INSERT INTO orders SELECT NULL, ?1, id, ?3, cents * ?3 FROM product WHERE id = ?2");
    for (int i = 0; insert && i < OLD_ORDER_COUNT; i++) {
        sqlite3_bind_int(insert, 1, (int)(next_random(random) % CUSTOMER_COUNT) + 1);
        sqlite3_bind_int(insert, 2, (int)(next_random(random) % PRODUCT_COUNT) + 1);
        sqlite3_bind_int(insert, 3, (int)(next_random(random) % 3) + 1);
        if (!database_finish(insert)) return false;
    }
    return insert != NULL;
}

bool database_fill(struct database *database, unsigned stock)
{
    uint64_t random = 88172645463325252u;
    return database_run(database, "BEGIN") && database_run(database, schema) &&
           fill_products(database, stock, &random) && fill_orders(database, &random) &&
           database_run(database, "COMMIT");
}
