"""objects.py - 400 000 objects, each with a dictionary of its own, half of them dropped again, the rest dropped at the end.

Run with PYTHONMALLOC=malloc, so that each comes from malloc."""


class Record:
    def __init__(self, number):
        self.number = number
        self.name = f"record {number}"
        self.tags = {"parity": number & 1, "owner": number // 7}


records = [Record(number) for number in range(400_000)]
records = records[::2]
print(sum(record.number for record in records))
