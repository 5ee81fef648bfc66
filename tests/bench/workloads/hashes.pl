# hashes.pl - a table of tables of lists, built, read through, and dropped at the end.
use strict;
use warnings;

my %towns;
for my $number (1 .. 300_000) {
    push @{ $towns{ 'country ' . $number % 40 }{ 'town ' . $number % 9_000 }{streets} }, "street $number";
}
my $streets = 0;
for my $country (values %towns) {
    $streets += @{ $_->{streets} } for values %$country;
}
print "$streets\n";
