# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts that change a Linux tree have in common. What is looked for is named by
# identifiers: a function, and in it a call, a declaration, a name. Each anchor must be there as
# often as the edit says, or nothing is written and the line that is printed names file and anchor.

package Edit;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(open_tree in_file text_has text_of stop definitions splice_text append body before
    after instead rename_in tokens wrap include_header write_all);

my $script;   # who edits, for messages
my $tree;
my $mark;     # what a file that has been edited has in it
my %texts;    # path -> what it is to hold
my $file;     # the one that is being edited
my $edits = 0;

# open_tree SCRIPT, MARK, ARGUMENTS: the one argument is the tree.
sub open_tree {
    ($script, $mark, my @arguments) = @_;
    ($tree) = @arguments;
    die "$script: usage: $script TREE\n" if @arguments != 1 || $tree =~ /^-/;
    die "$script: $tree is no Linux tree\n" if !-f "$tree/arch/x86/include/asm/desc.h";
    return;
}

sub stop { die "$script: $file: ", @_, "\n" }

sub in_file {
    ($file) = @_;
    return if exists $texts{$file};
    open my $in, '<', "$tree/$file" or die "$script: $file: cannot read it: $!\n";
    local $/ = undef;
    $texts{$file} = <$in>;
    close $in;
    stop 'has been edited before' if $texts{$file} =~ /$mark/;
}

sub text_has {
    my ($pattern) = @_;
    return $texts{$file} =~ $pattern;
}

# The text in [begin, end).
sub text_of {
    my ($begin, $end) = @_;
    return substr $texts{$file}, $begin, $end - $begin;
}

# The text with comments, strings and character constants blanked out, byte for byte.
sub masked {
    my $text = $texts{$file};
    $text =~ s{(/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')}
              { (my $blank = $1) =~ s/[^\n]/ /g; $blank }gsex;
    return $text;
}

# Where the bracket at `at` is closed: behind it.
sub closed {
    my ($mask, $at) = @_;
    my %close = ('{' => '}', '(' => ')');
    my $open = substr $mask, $at, 1;
    my $depth = 0;
    pos($mask) = $at;
    while ($mask =~ /([\Q$open$close{$open}\E])/g) {
        $depth += $1 eq $open ? 1 : -1;
        return pos($mask) if $depth == 0;
    }
    stop "a $open is never closed";
}

# (begin of the declaration, begin of the body, end) of each definition of a function.
sub definitions {
    my ($function, $count) = @_;
    my $mask = masked();
    my @found;
    while ($mask =~ /^(?=[A-Za-z_])([^\n#;{}()=]*\b\Q$function\E\s*)\(/gm) {
        my $begin = $-[0];
        my $behind = closed($mask, $+[1]);
        next if substr($mask, $behind) !~ /^(\s*)\{/;
        my $body = $behind + length $1;
        # A type on a line of its own belongs to it.
        my $before = substr $mask, 0, $begin;
        $begin -= length $1 if $before =~ /\n((?:static |asmlinkage |notrace )[\w \t*]*\n)\z/;
        push @found, [$begin, $body, closed($mask, $body)];
    }
    $count //= 1;
    stop "function $function: ", scalar @found, " times instead of $count" if @found != $count;
    return @found;
}

sub splice_text {
    my ($begin, $end, $new) = @_;
    substr($texts{$file}, $begin, $end - $begin) = $new;
    $edits++;
}

sub append { return splice_text((length $texts{$file}) x 2, @_) }

# Where an identifier is, in [begin, end).
sub places {
    my ($identifier, $count, $begin, $end) = @_;
    my $mask = masked();
    my @found;
    pos($mask) = $begin;
    while ($mask =~ /(?<![\w.])\Q$identifier\E(?!\w)/g) {
        last if $-[0] >= $end;
        push @found, $-[0];
    }
    stop "identifier $identifier: ", scalar @found, " times instead of $count" if @found != $count;
    return reverse @found;    # later ones first: earlier ones stay where they are
}

# The statement around a place: from behind the last ; { } or preprocessor line, to its ;
sub statement {
    my ($at) = @_;
    my $mask = masked();
    my $head = substr $mask, 0, $at;
    $head =~ /\A(?:.*(?:[;{}]|^[ \t]*\#[^\n]*))?\s*/ms or stop 'no statement';
    my $begin = $+[0];
    my $end = index $mask, ';', $at;
    stop 'a statement without end' if $end < 0;
    return ($begin, $end + 1);
}

# body FUNCTION, TEXT: the function does this instead.
sub body {
    my ($function, $text) = @_;
    my ($found) = definitions($function);
    splice_text($found->[1], $found->[2], "{\n\t$text\n}");
}

# before FUNCTION, IDENTIFIER, TEXT [, COUNT]: in front of each statement that has the identifier.
sub before {
    my ($function, $identifier, $text, $count) = @_;
    my ($found) = definitions($function);
    for my $at (places($identifier, $count // 1, $found->[1], $found->[2])) {
        my ($begin) = statement($at);
        splice_text($begin, $begin, "$text\n\t");
    }
}

# after FUNCTION, IDENTIFIER, TEXT: behind the one statement that has it.
sub after {
    my ($function, $identifier, $text) = @_;
    my ($found) = definitions($function);
    my ($at) = places($identifier, 1, $found->[1], $found->[2]);
    my (undef, $end) = statement($at);
    splice_text($end, $end, "\n\t$text");
}

# instead FUNCTION, IDENTIFIER, TEXT: of the one statement that has it.
sub instead {
    my ($function, $identifier, $text) = @_;
    my ($found) = definitions($function);
    my ($at) = places($identifier, 1, $found->[1], $found->[2]);
    splice_text(statement($at), $text);
}

# rename_in FUNCTION, IDENTIFIER, NEW [, COUNT]
sub rename_in {
    my ($function, $identifier, $new, $count) = @_;
    my ($found) = definitions($function);
    splice_text($_, $_ + length $identifier, $new)
        for places($identifier, $count // 1, $found->[1], $found->[2]);
}

# tokens OLD, NEW [, COUNT]: the places of a piece of code, whatever the space between its tokens.
sub tokens {
    my ($old, $new, $count) = @_;
    $count //= 1;
    my $mask = masked();
    my $pattern = join '\s*', map { quotemeta } $old =~ /\w+|[^\w\s]/g;
    my @found;
    push @found, [$-[0], $+[0]] while $mask =~ /(?<!\w)$pattern/g;
    stop "'$old': ", scalar @found, " times instead of $count" if @found != $count;
    splice_text(@$_, $new) for reverse @found;
}

# wrap FUNCTION, TEXT: the function is stock_FUNCTION now, and one of its name and type does TEXT.
sub wrap {
    my ($function, $text) = @_;
    my ($found) = definitions($function);
    my $declared = substr $texts{$file}, $found->[0], $found->[1] - $found->[0];
    (my $stock = $declared) =~ s/\b\Q$function\E\b/stock_$function/;
    $stock = "static $stock" if $stock !~ /^static/;
    my $rest = substr $texts{$file}, $found->[1], $found->[2] - $found->[1];
    splice_text($found->[0], $found->[2], "$stock$rest\n\n$declared\{\n\t$text\n}");
}

# include_header [NAME]: behind the first #include of the file.
sub include_header {
    my $header = shift // 'asm/cgdt.h';
    $texts{$file} =~ /^#include[^\n]*\n/m or stop 'no #include';
    my $at = $+[0];
    splice_text($at, $at, "#include <$header>\n");
}

# All files, or none.
sub write_all {
    for my $path (sort keys %texts) {
        open my $out, '>', "$tree/$path.$mark" or die "$script: $path: cannot write it: $!\n";
        print $out $texts{$path} or die "$script: $path: cannot write it: $!\n";
        close $out or die "$script: $path: cannot write it: $!\n";
    }
    for my $path (sort keys %texts) {
        rename "$tree/$path.$mark", "$tree/$path" or die "$script: $path: cannot replace it: $!\n";
    }
    printf "%d edits in %d files\n", $edits, scalar keys %texts;
    return;
}

1;
