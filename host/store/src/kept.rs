//! How what stands beside a receipt is written: its texts as they are, one after another, because they are most of what
//! a store holds. What the caller was told comes first: other records are told by it, and need nothing else.

use syndic_core::fact::Read;
use syndic_core::ports::{Intent, Kept};
use syndic_core::{DedupKey, FactName, Report, Scope, Text};

use crate::pack::{Members, Pack, Taking, Unpack, Unread, from_json, json, value};

/// The event's key and what the caller was told, of what stands beside a receipt.
pub(crate) fn told(bytes: &[u8]) -> Result<(DedupKey, Report), Unread> {
    Taking(bytes).told()
}

impl Pack for Kept {
    fn pack(&self) -> Vec<u8> {
        let Self { key: DedupKey { tenant, source, id }, event, now, reads, writes, intents, lineage, report, again } =
            self;
        let members = Members::default().text(tenant).text(source).text(id).bytes(&json(report));
        let members = members.text(event).time(*now).lineage(*lineage);
        let members = reads.iter().fold(members.number(reads.len() as u64), |members, read| {
            members.fact(&read.fact).number(read.version).number(read.receipt)
        });
        let members = writes.iter().fold(members.number(writes.len() as u64), |members, (fact, after)| {
            members.fact(fact).text(after.as_deref().unwrap_or_default())
        });
        let no_intents = Vec::new();
        members.bytes(&if intents.is_empty() { no_intents } else { json(intents) }).again(again.as_ref()).0
    }
}

impl Unpack for Kept {
    fn unpack(bytes: &[u8]) -> Result<Self, Unread> {
        let mut taking = Taking(bytes);
        let (key, report) = taking.told()?;
        let (event, now, lineage) = (taking.text()?.to_owned(), taking.time()?, taking.lineage()?);
        let reads = taking
            .each(|taking| Ok(Read { fact: taking.fact()?, version: taking.number()?, receipt: taking.number()? }))?;
        let writes = taking.each(|taking| Ok((taking.fact()?, taking.value()?)))?;
        let intents: Vec<Intent> = match taking.text()? {
            "" => Vec::new(),
            intents => from_json(intents.as_bytes())?,
        };
        let again = taking.again()?;
        taking.end(Self { key, event, now, reads, writes, intents, lineage, report, again })
    }
}

impl Members {
    fn fact(self, fact: &FactName) -> Self {
        let scope = match fact.scope {
            Scope::Customer => 0,
            Scope::Tenant => 1,
        };
        self.number(scope).text(&fact.name)
    }
}

impl Taking<'_> {
    fn told(&mut self) -> Result<(DedupKey, Report), Unread> {
        let mut text = || self.text().map(str::to_owned);
        let key = DedupKey { tenant: text()?, source: text()?, id: text()? };
        Ok((key, from_json(self.text()?.as_bytes())?))
    }

    fn fact(&mut self) -> Result<FactName, Unread> {
        let scope = match self.number()? {
            0 => Scope::Customer,
            1 => Scope::Tenant,
            other => return Err(Unread::Other(format!("{other} is no scope"))),
        };
        Ok(FactName { scope, name: self.text()?.to_owned() })
    }

    /// A value; none where there is nothing, which is no value's text.
    fn value(&mut self) -> Result<Option<Text>, Unread> {
        Ok(match self.text()? {
            "" => None,
            text => Some(value(text)?),
        })
    }

    /// Members that come after their count.
    fn each<T>(&mut self, mut take: impl FnMut(&mut Self) -> Result<T, Unread>) -> Result<Vec<T>, Unread> {
        let count = self.number()?;
        (0..count).map(|_| take(self)).collect()
    }
}
