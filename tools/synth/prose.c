/* SPDX-License-Identifier: MIT */

/* The part of names.h that makes sentences. */

#include "tools/synth/names.h"
#include "tools/synth/prng.h"

static const char *const words[] = {
        "the", "the", "the", "a", "of", "to", "and", "in", "is", "that", "for", "it", "this", "with", "on",
        "question", "lecture", "answer", "value", "week", "quiz", "course", "think", "video", "number", "example",
        "problem", "rate", "cash", "flow", "same", "because", "understand", "where", "slide", "professor", "cost",
        "result", "wrong", "correct", "time", "how", "why", "my", "your", "we", "should", "could", "please", "thanks",
        "agree", "different", "account", "balance", "book", "model", "data", "page", "second", "first", "after",
};

/* Put between two words now and then: what real posts are full of, and what parsers trip over. */
static const char *const spice[] = {
        ", ", ", ", ", ", ", ", "<br />", "<br />\n", "\n\n", "&nbsp;", "&nbsp; ", " - ", "; ", " <b>note</b> ",
        " *really* ", " (see slide 4) ", " \"quoted\" ", " it's ", " don't ", " 100% ", " caf\xc3\xa9 ",
        " na\xc3\xafve ", " \xe2\x80\x94 ", " \xd1\x81\xd0\xbf\xd0\xb0\xd1\x81\xd0\xb8\xd0\xb1\xd0\xbe ",
        " \xf0\x9f\x98\x80 ", " C:\\temp ", "\t", " a_b ", " &amp; ", "\r\n",
        " <a href=\"http://example.org/?a=1&b=2\">link</a> ", " $100 ",
};

#define SPICE_CHANCE (PRNG_ONE / 9)
#define SENTENCE_CHANCE (PRNG_ONE / 11)
/* Longer than any word, spice or end of sentence. */
#define PIECE_MAX 80u

const char *names_phrase(uint64_t key, unsigned n_words, char *ret, size_t size) {
        Prng p = prng_make(key);
        size_t used = 0;

        ret[0] = '\0';
        for (unsigned i = 0; i < n_words; i++) {
                int n = snprintf(
                        ret + used, size - used, "%s%s", i > 0 ? " " : "", words[prng_below(&p, ELEMENTSOF(words))]);

                if (n < 0 || (size_t) n >= size - used)
                        break;
                used += (size_t) n;
        }
        ret[used] = '\0';
        return ret;
}

size_t names_prose(uint64_t key, size_t length, char ret[static NAMES_TEXT_MAX]) {
        Prng p = prng_make(key);
        size_t used = 0;
        bool begin = true;

        length = length < NAMES_TEXT_MAX - PIECE_MAX ? length : NAMES_TEXT_MAX - PIECE_MAX;
        while (used < length) {
                const char *word = words[prng_below(&p, ELEMENTSOF(words))];
                size_t n = strlen(word);

                memcpy(ret + used, word, n);
                if (begin && word[0] >= 'a' && word[0] <= 'z')
                        ret[used] = (char) (word[0] - 'a' + 'A');
                used += n;
                begin = prng_chance(&p, SENTENCE_CHANCE);
                word = begin ? (prng_chance(&p, PRNG_ONE / 6) ? "? " : ". ")
                        : prng_chance(&p, SPICE_CHANCE) ? spice[prng_below(&p, ELEMENTSOF(spice))] : " ";
                n = strlen(word);
                memcpy(ret + used, word, n);
                used += n;
        }
        ret[used] = '\0';
        return used;
}
